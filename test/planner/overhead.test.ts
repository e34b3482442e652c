/** What the runtime itself takes is counted where profiles say it, and said not to be where they do not. */
import { describe, expect, it } from 'vitest';
import { sum } from '../../src/planner/distribution.ts';
import type { ModelFacts } from '../../src/planner/facts.ts';
import { type Profiles, price } from '../../src/planner/price.ts';
import type { Profile, RuntimeTerm } from '../../src/profile/index.ts';
import { link, machine } from './arbitrary.ts';

const line = (fixed: number, perByte: number) => ({
  fixedMs: { value: fixed, unit: 'ms' as const, source: 'measured' as const },
  msPerByte: { value: perByte, unit: 'ms/B' as const, source: 'measured' as const },
});
const term = (fixed: number, perByte: number, p95 = 2): RuntimeTerm => ({
  p50: line(fixed, perByte),
  p95: line(p95 * fixed, p95 * perByte),
});
const runtime: NonNullable<Profile['runtime']> = {
  agent: { head: term(0.3, 1e-6), encode: term(0.1, 2e-6) },
  consumer: { tail: term(0.4, 3e-6), exchange: term(0.5, 4e-6) },
};
const cut = (id: string, elements: number) => ({
  id,
  tensors: [{ name: id, dtype: 'float32', shape: [1, elements] }],
  activationBytes: 4 * elements,
  head: [],
  tail: [],
  layers: { depth: 1, mixes: false },
  headWeightBytes: 0,
});
const model = {
  sha256: 'a'.repeat(64),
  answerBytes: 40,
  cuts: [cut('input', 250), cut('mid', 1000), cut('output', 10)],
} as unknown as ModelFacts;
const figure = (value: number) => ({
  value,
  unit: 'ms' as const,
  source: 'measured' as const,
  spread: { p10: value, p90: value, p95: 2 * value, n: 50 },
});
const measured = [{ sha256: model.sha256, cuts: [{ cut: 'mid', headMs: figure(1), tailMs: figure(2) }] }];
const bare: Profiles = { device: machine('device', 1), cloud: machine('cloud', 1), link: link(10, 5) };
const full: Profiles = {
  device: { ...bare.device, runtime, models: measured },
  cloud: { ...bare.cloud, runtime, models: measured },
  link: { ...bare.link, link: { ...bare.link.link!, rttMs: figure(5) } },
};
const at = (profiles: Profiles, id = 'mid') =>
  price({ cut: model.cuts.find((c) => c.id === id)!, defense: 'none', codec: 'float32' }, model, profiles);

describe('the overhead of the runtime', () => {
  it('is a fixed part and one by bytes, on either side', () => {
    const { latencyMs, wireBytes, sources } = at(full);
    expect(latencyMs.head).toBeCloseTo(1 + 0.3 + 1e-6 * (1000 + 4000), 9);
    expect(latencyMs.encode).toBeCloseTo(0.1 + 2e-6 * 4000, 9);
    expect(latencyMs.tail).toBeCloseTo(2 + 0.4 + 3e-6 * (4000 + 40), 9);
    const bare = at({ ...full, cloud: { ...full.cloud, runtime: undefined } });
    expect(latencyMs.network - bare.latencyMs.network).toBeCloseTo(0.5 + 4e-6 * wireBytes, 9);
    expect(latencyMs.p50).toBe(latencyMs.total);
    expect(sources.runtime).toBe('measured');
    expect(latencyMs.uncounted).toBeUndefined();
  });

  it('has no head to call where everything is in the cloud, and nobody to ask where nothing is sent', () => {
    expect(at(full, 'input').latencyMs.head).toBe(0);
    const { latencyMs } = at(full, 'output');
    expect(latencyMs).toMatchObject({ encode: 0, network: 0, tail: 0 });
    expect(latencyMs.head).toBeCloseTo(0.3 + 1e-6 * 1040, 9);
  });

  it('is not counted, and said not to be, where a profile has none', () => {
    const { latencyMs, sources } = at(bare);
    expect(sources.runtime).toBeNull();
    expect(latencyMs.uncounted).toBeGreaterThan(1);
    const half = at({ ...bare, device: full.device });
    expect(half.latencyMs.uncounted).toBeLessThan(latencyMs.uncounted!);
    expect(half.sources.runtime).toBeNull();
  });
});

describe('the ninety-fifth percentile', () => {
  it('is told where every term has one, and lies between the median and the sum of all worst', () => {
    const { p95, total } = at(full).latencyMs;
    expect(p95).toBeGreaterThan(total);
    expect(p95).toBeLessThan(2 * total);
    expect(at(bare).latencyMs.p95).toBeNull();
    const roofs = at({ ...full, device: { ...full.device, models: undefined } }, 'mid');
    expect(roofs.latencyMs.p95).not.toBeUndefined();
  });

  it('adds what terms take beyond their medians in squares', () => {
    const of = (p50: number, p95: number | null) => ({ p50, p95, source: 'measured' as const });
    expect(sum(of(1, 4), of(2, 6))).toMatchObject({ p50: 3, p95: 8 });
    expect(sum(of(1, 4), of(2, null)).p95).toBeNull();
  });
});

describe('the way back', () => {
  it('at a rate that nobody measured is modelled, whatever the way there is', () => {
    const { downlinkBps: _, ...oneWay } = full.link.link!;
    const rate = { value: 1e7, unit: 'bit/s' as const, source: 'measured' as const };
    const both = { ...full.link, link: { ...oneWay, uplinkBps: rate, downlinkBps: rate } };
    expect(at({ ...full, link: both }).sources.network).toBe('measured');
    expect(at({ ...full, link: { ...full.link, link: { ...oneWay, uplinkBps: rate } } }).sources.network).toBe(
      'modelled',
    );
  });
});
