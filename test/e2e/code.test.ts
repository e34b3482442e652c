/** A code from the camera to the answer: as many bits on the wire as the plan says, and none where it says fewer. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeMessage, type EncodedTensor, expectedActivation } from '../../src/broker/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { asFloat32, findCuts, prepare, resolveCut, split } from '../../src/model/index.ts';
import type { Plan } from '../../src/plan/index.ts';
import { samplePlan } from '../plan/sample.ts';
import { codedNetwork } from '../support/coded.ts';
import { type Deployment, deploy, type Halves } from './support/deployment.ts';
import { type Fleet, fleet, summaryOf } from './support/fleet.ts';

const shape = [1, 4, 14, 14];
/** Of two bits each. */
const elements = 4 * 14 * 14;
const images = 3;

let engine: Engine;
let network: Halves;
const deployments: Deployment[] = [];
let f: Fleet | undefined;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const whole = await prepare(codedNetwork({ bits: 2, channels: 4, size: 28 }), engine);
  network = { whole, ...split(whole, resolveCut(findCuts(whole), 'code')) };
});
afterEach(() => f?.end());
afterAll(async () => {
  await engine?.close();
  await Promise.all(deployments.map((d) => d.remove()));
});

function planOf(bitsCap: number | null, change: Partial<Plan> = {}): Partial<Plan> {
  const cut = { id: 'code', tensors: [{ name: 'code', dtype: 'float32', shape, bits: 2 }] };
  const { defense = 'none', codec = 'code' } = change;
  const evidence = samplePlan().evidence.map((e) => ({ ...e, cut: 'code', defense, codec, bitsCap }));
  return { cut, codec, evidence, ...change };
}

/** What the agent put on the wire, and how it ended. */
async function served(plan: Partial<Plan>) {
  const deployment = await deploy({ images, plan, network });
  deployments.push(deployment);
  f = await fleet('aedes', deployment);
  await f.broker();
  await f.consumer();
  const watcher = await connectAsync(f.url);
  const sent: EncodedTensor[] = [];
  watcher.on('message', (_topic, payload) => {
    const message = decodeMessage(payload);
    const body = 'bodyWith' in message ? message.bodyWith(expectedActivation(deployment.plan)) : message.body;
    if (body.kind === 'activation') sent.push(...body.tensors);
  });
  await watcher.subscribeAsync('cutline/v1/yard/cam-1/act/#');
  await watcher.subscribeAsync('cutline/v1/yard/cam-1/act');
  const results = join(deployment.folder, 'results.jsonl');
  await writeFile(results, '');
  const agent = await f.agent({}, '--results', results);
  const exit = await agent.ended;
  await watcher.endAsync();
  const answers =
    exit === 0
      ? (await readFile(results, 'utf8'))
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : [];
  return { exit, sent, answers, agent, deployment };
}

async function expected({ inputs }: Deployment): Promise<number[][]> {
  const session = await engine.load(network.whole);
  const rows: number[][] = [];
  for (const input of inputs) rows.push([...asFloat32((await session.run({ input })).output)]);
  await session.close();
  return rows;
}

describe('a code on its way', () => {
  it('has the bits of the plan, and is answered as the unsplit network answers', { timeout: 60_000 }, async () => {
    const { exit, sent, answers, deployment } = await served(planOf(2 * elements));
    expect(exit).toBe(0);
    expect(sent).toHaveLength(images);
    for (const t of sent) expect(t).toMatchObject({ codec: 'code', scale: 0.5, zeroPoint: elements });
    expect(sent.map((t) => t.data.length)).toEqual(Array(images).fill((2 * elements) / 8));
    const whole = await expected(deployment);
    for (const { index, outputs } of answers) {
      outputs.output.values.forEach((v: number, i: number) => void expect(v).toBeCloseTo(whole[index]![i]!, 4));
    }
  });

  it('is a quarter as long with a quarter of the channels', { timeout: 60_000 }, async () => {
    const { exit, sent } = await served(planOf(elements / 2, { defense: 'prefix(channels=1)' }));
    expect(exit).toBe(0);
    expect(sent.map((t) => [t.zeroPoint, t.data.length])).toEqual(Array(images).fill([elements / 4, elements / 16]));
  });

  it('is not sent where the plan promises less', { timeout: 60_000 }, async () => {
    const { exit, sent, agent } = await served(planOf(elements));
    expect([exit, sent]).toEqual([2, []]);
    expect(agent.stdout() + agent.stderr()).toMatch(/PLAN_CAP/);
  });

  it('is not sent where the head makes a finer one than the plan was made for', { timeout: 60_000 }, async () => {
    const coarse = { id: 'code', tensors: [{ name: 'code', dtype: 'float32', shape, bits: 1 }] };
    const { exit, sent, agent } = await served(planOf(elements, { cut: coarse }));
    expect(exit).toBe(1);
    expect(sent).toEqual([]);
    expect(summaryOf(agent).inferences).toEqual({ total: images, answered: 0, failed: images });
    expect(agent.stdout()).toMatch(/CAP_EXCEEDED/);
  });
});
