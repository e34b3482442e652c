/** What attacks load: graphs are known as objects, so that one that is loaded again is the one that was kept. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import type { Graph } from '../../../src/model/index.ts';
import { type Attack, inverseNetwork, rmle } from '../../../src/privacy/attacks/index.ts';
import { Device, layoutAt } from '../../../src/privacy/audit/device.ts';
import { compileMechanism } from '../../../src/privacy/mechanisms/index.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { scene } from './scene.ts';

const real = await createEngine({ threads: 1 });
afterAll(() => real.close());

let loads: { readonly graph: object; readonly keeps: boolean }[] = [];
beforeEach(() => {
  loads = [];
});
const engine: Engine = {
  name: real.name,
  hasFloat64: true,
  load(model, options) {
    loads.push({ graph: model, keeps: options?.keepBytes !== undefined });
    return real.load(model, options);
  },
  close: async () => {},
};
const kept = () => loads.filter((l) => l.keeps).map((l) => l.graph);

const place = {
  engine,
  graph: chain({ batch: 'n' }),
  cut: 'ReLU1',
  data: spots({ test: 20 }),
  victims: [0, 1, 2, 3, 4],
};
const attack = (): Attack => rmle({ solver: 'lbfgs', cut: 'ReLU1', iterations: 3, lambdaTv: 0.1, batch: 2 });

describe('graphs of attacks', () => {
  it('are loaded once for all parts of a descent', async () => {
    const { run } = await scene(place);
    loads = [];
    await run(attack());
    expect(kept().length).toBeGreaterThan(2);
    expect(new Set(kept()).size).toBe(1);
  });

  it('are the same under another defense and for another attack of the same threat, and others for another subject', async () => {
    const { run, ground } = await scene(place);
    await run(attack());
    const before = new Set(kept());
    loads = [];
    await run(attack());
    const { subject } = ground;
    const { cut } = ground.device;
    const mechanism = compileMechanism('gauss(sd=0.1)', layoutAt(subject, cut));
    await run(attack(), { device: new Device({ engine, subject, cut, mechanism }) });
    expect(kept().length).toBeGreaterThan(0);
    for (const graph of kept()) expect(before.has(graph)).toBe(true);
    const other = await scene(place);
    loads = [];
    await other.run(attack());
    for (const graph of kept()) expect(before.has(graph)).toBe(false);
  });

  it('that were made of the head are not to be had by those who only ask the device', async () => {
    const { run } = await scene(place);
    await run(attack());
    const isHead = (graph: object) => (graph as Graph).name.endsWith('-head');
    const made = new Set(kept().filter((graph) => !isHead(graph)));
    expect(made.size).toBeGreaterThan(0);
    loads = [];
    const decoder = { decoder: 'residual', loss: 'mse' } as const;
    await run(inverseNetwork({ data: 'same-set', queries: 20, epochs: 1, cut: 'ReLU1', ...decoder }));
    // The device runs its head for whoever asks; nothing else of what there was is loaded.
    expect(kept().length).toBeGreaterThan(0);
    expect(kept().every(isHead)).toBe(true);
    expect(loads.some(({ graph }) => made.has(graph))).toBe(false);
  });
});
