/** What stages of additive noise share. */
import type { NoiseSource } from '../noise.ts';
import type { Before, Law, Stage } from '../stage.ts';

/** Beyond it float32 values drown, below it they do not change: a slip of the pen. */
export const amount = { least: 1e-9, most: 1e6 };

/** Noise without a guarantee: floats, whose last digits tell what they were added to. */
export function additive(text: string, law: Law & { kind: 'additive' }): Stage {
  return {
    text,
    law,
    release(row, noise: NoiseSource) {
      for (const { data } of row) {
        const drawn = new Float32Array(data.length);
        noise[law.distribution](drawn, law.scale);
        for (let i = 0; i < data.length; i++) data[i]! += drawn[i]!;
      }
    },
    graph: (b, parts, { noise }) =>
      parts.map(({ term, shape }) =>
        noise ? b.op('Add', [term, b.op('Mul', [noise(shape, law.distribution), b.constant(law.scale)])]) : term,
      ),
    bound: () => undefined,
    guarantee: () => ({ kind: 'none' }),
  };
}

/** Of the ball that every row lies in, whatever the picture: neighbours are any two of them. Undefined where nothing bounds it. */
export function radiusOf(norm: 'l1' | 'l2', { bound, elements }: Before): number | undefined {
  if (!bound) return undefined;
  const { l2 = Number.POSITIVE_INFINITY, linf = Number.POSITIVE_INFINITY } = bound;
  const root = Math.sqrt(elements);
  const radius = norm === 'l2' ? Math.min(l2, linf * root) : Math.min(l2 * root, linf * elements);
  return Number.isFinite(radius) ? radius : undefined;
}
