import { describe, expect, it } from 'vitest';
import type { ModelFacts } from '../../src/planner/facts.ts';
import { price } from '../../src/planner/price.ts';
import { link, machine } from './arbitrary.ts';

const node = { class: 'conv', macs: 1e8, bytes: 1e6 } as const;
const layers = { depth: 1, mixes: false };
const model: ModelFacts = {
  sha256: 'a'.repeat(64),
  answerBytes: 40,
  cuts: [
    {
      id: 'input',
      tensors: [tensor(784)],
      activationBytes: 3136,
      head: [],
      tail: [node, node],
      layers,
      headWeightBytes: 0,
    },
    {
      id: 'mid',
      tensors: [tensor(10_000)],
      activationBytes: 40_000,
      head: [node],
      tail: [node],
      layers,
      headWeightBytes: 500,
    },
    {
      id: 'output',
      tensors: [tensor(10)],
      activationBytes: 40,
      head: [node, node],
      tail: [],
      layers,
      headWeightBytes: 900,
    },
  ],
};
const [input, mid, output] = model.cuts as [ModelFacts['cuts'][0], ModelFacts['cuts'][0], ModelFacts['cuts'][0]];
const profiles = { device: machine('device', 1), cloud: machine('cloud', 100), link: link(10, 5) };

function tensor(elements: number) {
  return { name: 't', dtype: 'float32', shape: [1, elements] };
}
const of = (cut: typeof mid, codec: 'float32' | 'float16' | 'uint8' | 'uint8+deflate' = 'float32', defense = 'none') =>
  price({ cut, codec, defense }, model, profiles);

describe('the price of a candidate', () => {
  it('adds up: head by the roofline, network by rate and round trip, energy by time and power', () => {
    const { latencyMs, energyMj, wireBytes, sources } = of(mid);
    expect(latencyMs.head).toBeCloseTo(0.1 + 0.01 + 100, 6);
    expect(latencyMs.tail).toBeCloseTo(0.1 + 0.01 + 1, 6);
    expect(wireBytes).toBe(40_000 + 150);
    const bitMs = (8e3 * (wireBytes + 40 + 150)) / 10e6;
    expect(latencyMs.network).toBeCloseTo(5 + bitMs, 6);
    const parts = latencyMs.head + latencyMs.encode + latencyMs.network + latencyMs.tail;
    expect(latencyMs.total).toBeCloseTo(parts, 9);
    const busy = 6 * (latencyMs.head + latencyMs.encode);
    const wait = 2 * (latencyMs.network + latencyMs.tail);
    const air = 0.9 * latencyMs.total + 0.15 * ((8e3 * wireBytes) / 10e6);
    expect(energyMj).toBeCloseTo(busy + wait + air, 6);
    expect(sources.head).toBe('modelled');
  });

  it('sends nothing and waits for nothing when everything is on the device', () => {
    const { latencyMs, wireBytes, energyMj } = of(output);
    expect(latencyMs).toMatchObject({ encode: 0, network: 0, tail: 0 });
    expect(wireBytes).toBe(0);
    expect(energyMj).toBeCloseTo(6 * latencyMs.head, 9);
  });

  it('computes nothing on the device when everything is in the cloud', () => {
    expect(of(input).latencyMs.head).toBe(0);
    expect(of(input).downloadBytes).toBe(0);
  });

  it('sends half with float16, a quarter with uint8, and promises nothing of deflate until it was measured', () => {
    expect(of(mid, 'float16').wireBytes).toBe(20_150);
    expect(of(mid, 'uint8').wireBytes).toBe(10_150);
    expect(of(mid, 'uint8+deflate').wireBytes).toBe(10_150);
    const measured = { ...mid, payloadBytes: { 'uint8+deflate': 4000 } };
    const cost = price({ cut: measured, codec: 'uint8+deflate', defense: 'none' }, model, profiles);
    expect(cost.wireBytes).toBe(4150);
    expect(cost.sources.wireBytes).toBe('measured');
  });

  it('sends integers as they are, whatever the codec', () => {
    const ids = { ...mid, tensors: [{ name: 'ids', dtype: 'int64', shape: [1, 100] }] };
    expect(price({ cut: ids, codec: 'uint8', defense: 'none' }, model, profiles).wireBytes).toBe(800 + 150);
  });

  it('charges for drawing noise', () => {
    expect(of(mid, 'float32', 'noise').latencyMs.encode).toBeGreaterThan(of(mid).latencyMs.encode + 1);
  });

  it('charges each stage of a mechanism for the elements where it acts, by what the device was measured at', () => {
    const at = (value: number) => ({ value, unit: 'element/s' as const, source: 'measured' as const });
    const speeds = { clip: at(1e8), gauss: at(2e7), quant: at(4e7), 'exact-gauss': at(1e5) };
    const encode = { float32: { value: 1e9, unit: 'B/s' as const, source: 'measured' as const } };
    const device = { ...profiles.device, encode, mechanism: speeds };
    const cost = (defense: string) => price({ cut: mid, codec: 'float32', defense }, model, { ...profiles, device });
    const bare = cost('none').latencyMs;
    const added = (defense: string) => cost(defense).latencyMs.encode - bare.encode;
    expect(added('gauss(sd=0.5)')).toBeCloseTo(0.5, 9);
    expect(added('clip(l2=4)+gauss(sd=0.5)+quant(bits=4)')).toBeCloseTo(0.1 + 0.5 + 0.25, 9);
    // The picture is smaller than what is sent.
    expect(added('input.gauss(sd=0.5)')).toBeCloseTo((1e3 * 784) / 2e7, 9);
    expect(added('clip(l2=4)+gauss(eps=8,delta=1e-5)')).toBeCloseTo(0.1 + 100, 9);
    const { latencyMs, sources } = cost('clip(l2=4)+gauss(eps=8,delta=1e-5)');
    expect(latencyMs.total - bare.total).toBeCloseTo(100.1, 6);
    expect(sources.encode).toBe('measured');
  });

  it('says that a mechanism is modelled which the profile does not know', () => {
    const encode = { float32: { value: 1e9, unit: 'B/s' as const, source: 'measured' as const } };
    const gauss = { value: 2e7, unit: 'element/s' as const, source: 'measured' as const };
    const device = { ...profiles.device, encode, mechanism: { gauss } };
    const source = (defense: string) =>
      price({ cut: mid, codec: 'float32', defense }, model, { ...profiles, device }).sources.encode;
    expect([source('none'), source('gauss(sd=1)'), source('gauss(sd=1)+quant(bits=4)')]).toEqual([
      'measured',
      'measured',
      'modelled',
    ]);
    const known = (defense: string) => price({ cut: mid, codec: 'float32', defense }, model, profiles).latencyMs.encode;
    expect(known('clip(l2=1)+gauss(eps=8,delta=1e-5)')).toBeGreaterThan(10 * known('clip(l2=1)+gauss(sd=1)'));
  });

  it('takes the measurement of this model and cut where the profile has one, and of no other model', () => {
    const figure = { value: 42, unit: 'ms' as const, source: 'measured' as const };
    const models = [{ sha256: model.sha256, cuts: [{ cut: 'mid', headMs: figure }] }];
    const device = { ...profiles.device, models };
    const own = price({ cut: mid, codec: 'float32', defense: 'none' }, model, { ...profiles, device });
    expect(own.latencyMs.head).toBe(42);
    expect(own.sources.head).toBe('measured');
    expect(own.sources.tail).toBe('modelled');
    const other = { ...device, models: [{ ...models[0]!, sha256: 'b'.repeat(64) }] };
    const cost = price({ cut: mid, codec: 'float32', defense: 'none' }, model, { ...profiles, device: other });
    expect(cost.sources.head).toBe('modelled');
  });

  it('does not know the energy where a power is missing', () => {
    const blind = { ...profiles, device: machine('device', 1, false) };
    expect(price({ cut: mid, codec: 'float32', defense: 'none' }, model, blind).energyMj).toBeNull();
    const { radio: _, ...deaf } = profiles.link.link!;
    const silent = { ...profiles, link: { ...profiles.link, link: deaf } };
    expect(price({ cut: mid, codec: 'float32', defense: 'none' }, model, silent).energyMj).toBeNull();
    expect(price({ cut: output, codec: 'float32', defense: 'none' }, model, silent).energyMj).not.toBeNull();
  });

  it('is measured only where the profile has this model with the same inputs fixed', () => {
    const ms = { value: 7, unit: 'ms', source: 'measured' } as const;
    const text = { name: 'text', dtype: 'int64', shape: [1, 6], sha256: 'b'.repeat(64) } as const;
    const head = (fixed: (typeof text)[] | undefined, asked: ModelFacts) => {
      const measured = { sha256: model.sha256, cuts: [{ cut: 'mid', headMs: ms }], ...(fixed && { fixed }) };
      const device = { ...profiles.device, models: [measured] };
      const { latencyMs, sources } = price({ cut: mid, codec: 'float32', defense: 'none' }, asked, {
        ...profiles,
        device,
      });
      return [latencyMs.head, sources.head];
    };
    expect(head(undefined, model)).toEqual([7, 'measured']);
    expect(head([text], { ...model, fixed: [text] })).toEqual([7, 'measured']);
    expect(head(undefined, { ...model, fixed: [text] })[1]).toBe('modelled');
    expect(head([text], model)[1]).toBe('modelled');
    expect(head([{ ...text, sha256: 'c'.repeat(64) }], { ...model, fixed: [text] })[1]).toBe('modelled');
  });
});
