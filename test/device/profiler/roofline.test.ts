import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probes } from '../../../src/device/profiler/chains.ts';
import { fitRoof } from '../../../src/device/profiler/roofline.ts';
import { sizeOf } from '../../../src/model/index.ts';
import { operatorClasses } from '../../../src/profile/index.ts';

const speed = fc.double({ min: 1e5, max: 1e9, noNaN: true });

describe('fitting a roofline', () => {
  it('finds both speeds of a machine that has one', () => {
    fc.assert(
      fc.property(speed, speed, (macsPerMs, bytesPerMs) => {
        // One point deep under each side of the roof, and one at its edge.
        const points = [
          { macs: 100 * macsPerMs, bytes: bytesPerMs },
          { macs: macsPerMs, bytes: 100 * bytesPerMs },
          { macs: macsPerMs, bytes: bytesPerMs },
        ].map((p) => ({ ...p, ms: Math.max(p.macs / macsPerMs, p.bytes / bytesPerMs) }));
        const roof = fitRoof(points);
        expect(Math.abs(Math.log(roof.macsPerS! / 1000 / macsPerMs))).toBeLessThan(0.06);
        expect(Math.abs(Math.log(roof.bytesPerS / 1000 / bytesPerMs))).toBeLessThan(0.06);
        expect(roof.error).toBeLessThan(0.06);
      }),
    );
  });

  it('says that arithmetic and memory take turns, and what a node takes besides, where that is so', () => {
    const [macsPerMs, bytesPerMs, fixed] = [1e6, 1e5, 0.02];
    // Both sides of the roof, and the ridge, where the two forms differ by a factor of two.
    const points = [1, 10, 100].flatMap((n) => [
      { macs: 1e5 * n, bytes: 1e4 * n },
      { macs: 4e5 * n, bytes: 2e3 * n },
      { macs: 1e4 * n, bytes: 4e4 * n },
    ]);
    const roof = fitRoof(points.map((p) => ({ ...p, ms: fixed + p.macs / macsPerMs + p.bytes / bytesPerMs })));
    expect(roof.sums).toBe(true);
    expect(roof.error).toBeLessThan(0.1);
  });

  it('has no speed of multiplication for a class without any', () => {
    const roof = fitRoof([
      { macs: 0, bytes: 1000, ms: 1 },
      { macs: 0, bytes: 2000, ms: 2 },
    ]);
    expect(roof.macsPerS).toBeUndefined();
    expect(roof.bytesPerS).toBeCloseTo(1e6, 6);
  });
});

describe('the probes', () => {
  it('cover every operator class with at least three sizes', () => {
    for (const c of operatorClasses) expect(probes.filter((p) => p.class === c).length).toBeGreaterThanOrEqual(3);
  });

  it.each(probes)('$class, $label: a chain has as many nodes as it says and the bytes it claims', (probe) => {
    const { graph, feeds } = probe.chain(3);
    expect(graph.nodes).toHaveLength(3);
    const weights = [...graph.initializers.values()].reduce((n, t) => n + t.data.length, 0) / 3;
    const read = feeds.x!.data.length * (probe.class === 'elementwise' ? 2 : 1);
    const written = sizeOf(graph.outputs[0]!.shape.map(Number));
    expect(probe.bytes).toBe(4 * (read + written + weights));
  });
});
