import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probes } from '../../../src/device/profiler/chains.ts';
import { fitRoof } from '../../../src/device/profiler/roofline.ts';
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
    const activation = feeds.x!.data.length;
    const inputs = probe.class === 'elementwise' ? 2 : 1;
    expect(probe.bytes).toBe(4 * ((inputs + 1) * activation + weights));
  });
});
