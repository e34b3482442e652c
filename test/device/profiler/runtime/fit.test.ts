/** What relays of several sizes say of the runtime: lines by size, at the median and at the ninety-fifth percentile. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitLine, type Observed, onLine, runtimeOf } from '../../../../src/device/profiler/runtime/fit.ts';

/** Every twentieth and one more takes `late` ms longer. */
function relay(bytes: number, late = 0): Observed {
  const latencies = Array.from({ length: 100 }, (_, i) => {
    const extra = i % 12 === 0 ? late : 0;
    const parts = {
      head: 0.3 + 2e-6 * bytes,
      encode: 0.1 + 1e-6 * bytes,
      network: 1 + 3e-6 * bytes + extra,
      tail: 0.5,
    };
    return { ...parts, total: parts.head + parts.encode + parts.network + parts.tail };
  });
  return { bytes, latencies, headMs: 0.1, tailMs: 0.2, echoMs: Array.from({ length: 20 }, () => 0.4 + 1e-6 * bytes) };
}

const sizes = [1024, 16_384, 65_536, 262_144];

describe('a line through sizes', () => {
  it('is found where there is one, and is nowhere negative', () => {
    const part = fc.double({ min: 0, max: 10, noNaN: true });
    fc.assert(
      fc.property(part, part, (fixed, perKb) => {
        const line = { fixed: fixed + 1e-3, perByte: perKb / 1000 };
        const fitted = fitLine(sizes.map((x) => [x, onLine(line, x)] as const));
        for (const x of sizes) expect(onLine(fitted, x) / onLine(line, x)).toBeCloseTo(1, 6);
      }),
    );
    const falling = fitLine([
      [1000, 2],
      [100_000, 1],
    ]);
    expect(falling.perByte).toBe(0);
    expect(falling.fixed).toBeGreaterThan(1);
  });

  it.each([0, -0.05])('is not drawn to a size where %d ms were left of larger figures', (left) => {
    const fitted = fitLine([
      [1024, 0.5],
      [16_384, left],
      [65_536, 0.6],
      [262_144, 0.7],
    ]);
    expect(onLine(fitted, 1024)).toBeGreaterThan(0.2);
    expect(onLine(fitted, 262_144)).toBeGreaterThan(0.5);
  });
});

describe('the runtime of relays', () => {
  it('leaves arithmetic and echo out, and adds up to the whole', () => {
    const { agent, consumer, heldOut } = runtimeOf(sizes.map((s) => relay(s)));
    const at = (term: typeof agent.head, bytes: number) => term.p50.fixedMs.value + term.p50.msPerByte.value * bytes;
    for (const bytes of sizes) {
      const { latencies, echoMs } = relay(bytes);
      // As the planner has it: a small message's round trip, and the bytes one way.
      const least = relay(sizes[0]!).echoMs[0]!;
      const link = least + (echoMs[0]! - least) / 2;
      const parts = [
        at(agent.head, 2 * bytes),
        at(agent.encode, bytes),
        at(consumer.tail, bytes),
        at(consumer.exchange, bytes),
      ];
      const whole = parts.reduce((a, b) => a + b) + 0.1 + 0.2 + link;
      expect(whole / latencies[0]!.total).toBeCloseTo(1, 2);
    }
    expect(heldOut).toMatchObject({ n: 3 });
    expect(heldOut!.worstError).toBeLessThan(0.01);
  });

  it('tells the late twentieth in the ninety-fifth percentile alone', () => {
    const { consumer } = runtimeOf(sizes.map((s) => relay(s, 5)));
    const calm = runtimeOf(sizes.map((s) => relay(s))).consumer;
    expect(consumer.exchange.p50).toEqual(calm.exchange.p50);
    expect(consumer.exchange.p95!.fixedMs.value - consumer.exchange.p50.fixedMs.value).toBeCloseTo(5, 1);
  });
});
