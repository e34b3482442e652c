/**
 * Rounding to few levels (finite scalar quantisation, Mentzer et al. 2023). Of L levels each is an odd multiple of 1/L within
 * (−1, 1), so that nothing is ever 0, which stands for what was not sent, and any value tells what L is.
 */
import type { GraphBuilder } from '../../model/index.ts';

/** Keeps what tanh saturates off the edge of the last level. */
const margin = 1e-4;

/** In units of levels, within (−L/2, L/2). */
function spread(b: GraphBuilder, bounded: string, levels: number, name?: string): string {
  return b.op('Mul', [bounded, b.constant((levels / 2) * (1 - margin))], {}, name);
}

const placed = (b: GraphBuilder, floor: string, levels: number, name?: string): string =>
  b.op('Mul', [b.op('Add', [floor, b.constant(0.5)], {}, name && `${name}.level`), b.constant(2 / levels)], {}, name);

/**
 * As the device does it.
 * @param bounded within (−1, 1)
 */
export function rounded(b: GraphBuilder, bounded: string, levels: number, name: string): string {
  const floor = b.op('Floor', [spread(b, bounded, levels, `${name}.spread`)], {}, `${name}.floor`);
  return placed(b, floor, levels, name);
}

/** The same, but its cotangent goes straight through. */
export function roundedThrough(b: GraphBuilder, bounded: string, levels: number): string {
  const middle = b.op('Sub', [spread(b, bounded, levels), b.constant(0.5)]);
  const scale = [b.constant(1), b.initializer({ dtype: 'uint8', shape: [], data: Uint8Array.of(128) })];
  const bytes = b.op('QuantizeLinear', [middle, ...scale]);
  return placed(b, b.op('DequantizeLinear', [bytes, ...scale]), levels);
}

/** The same again, for whoever learns from the code and must not change it: no cotangent comes back. */
export function roundedApart(b: GraphBuilder, bounded: string, levels: number): string {
  const value = spread(b, bounded, levels);
  const steps = Array.from({ length: levels - 1 }, (_, i) => {
    const above = b.op('GreaterOrEqual', [value, b.constant(i + 1 - levels / 2)]);
    return b.op('Cast', [above], { to: 1 });
  });
  const count = steps.length === 1 ? steps[0]! : b.op('Sum', steps);
  return placed(b, b.op('Sub', [count, b.constant(levels / 2)]), levels);
}
