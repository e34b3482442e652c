/** What stages of additive noise share. */
import type { NoiseSource } from '../noise.ts';
import type { Before, Guarantee, Law, Stage } from '../stage.ts';

/** Beyond it float32 values drown, below it they do not change: a slip of the pen. */
export const amount = { least: 1e-9, most: 1e6 };

export function additive(text: string, law: Law & { kind: 'additive' }, guarantee: Guarantee): Stage {
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
    guarantee: () => guarantee,
  };
}

/**
 * Greatest distance between the rows of any two pictures: neighbours differ in everything, so twice the bound.
 * Undefined where nothing bounds them.
 */
export function sensitivityOf(norm: 'l1' | 'l2', { bound, elements }: Before): number | undefined {
  if (!bound) return undefined;
  const { l2 = Number.POSITIVE_INFINITY, linf = Number.POSITIVE_INFINITY } = bound;
  const reach =
    norm === 'l2' ? Math.min(l2, linf * Math.sqrt(elements)) : Math.min(l2 * Math.sqrt(elements), linf * elements);
  return Number.isFinite(reach) ? 2 * reach : undefined;
}
