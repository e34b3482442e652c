import { describe, expect, it } from 'vitest';
import { Latencies } from '../../src/device/latencies.ts';
import { createRandom } from '../../src/random.ts';

const of = (total: number) => ({ total, head: 1, encode: 2, network: 3, tail: 4 });

describe('the figures of latency', () => {
  it('lie between neighbours, and are none of nothing', () => {
    const latencies = new Latencies(Math.random);
    expect(latencies.spreads()).toBeNull();
    for (let i = 0; i < 100; i++) latencies.add(of(100 - i));
    expect(latencies.spreads()?.total).toEqual({ p50: 50.5, p95: 95.05, max: 100 });
    expect(latencies.from).toEqual({ inferences: 100, sampled: 100 });
  });

  it('cover all inferences, not the first: the last half is slower, and the longest is the last', () => {
    const latencies = new Latencies(createRandom(5).uniform, 1000);
    for (let i = 0; i < 40_000; i++) latencies.add(of(i < 20_000 ? 1 : 1 + i / 1000));
    latencies.add(of(5000));
    const { p50, p95, max } = latencies.spreads()!.total;
    expect(latencies.from).toEqual({ inferences: 40_001, sampled: 1000 });
    expect(max).toBe(5000);
    // Of all: the median where the slow ones begin, 95 % at 39.
    expect(p50).toBeGreaterThanOrEqual(1);
    expect(p50).toBeLessThan(24);
    expect(p95).toBeGreaterThan(37.5);
    expect(p95).toBeLessThan(40.5);
  });
});
