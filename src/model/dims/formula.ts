/** How a length follows from batches, found by asking at several of them. */

/** Lengths at one choice of batches. */
export interface Sample {
  readonly at: readonly number[];
  readonly length: number;
}

/**
 * The lengths as a dimension: a number, a product (`12*batch`), a sum (`2*image+text+1`); undefined where neither fits.
 * @param base lengths at a first choice
 * @param moved for each batch, the same with that one changed
 * @param check a choice with all of them changed: what was found must hold there too
 */
export function formulaOf(
  names: readonly string[],
  base: Sample,
  moved: readonly Sample[],
  check: Sample,
): number | string | undefined {
  if ([...moved, check].every((s) => s.length === base.length)) return base.length;
  return productOf(names, base, moved, check) ?? sumOf(names, base, moved, check);
}

function productOf(names: readonly string[], base: Sample, moved: readonly Sample[], check: Sample) {
  const takes = moved.map((s) => s.length !== base.length);
  const grows = moved.every((s, i) => !takes[i] || s.length * base.at[i]! === base.length * s.at[i]!);
  const product = (s: Sample) => takes.reduce((p, yes, i) => (yes ? p * s.at[i]! : p), 1);
  const factor = base.length / product(base);
  if (!grows || !Number.isInteger(factor) || factor * product(check) !== check.length) return undefined;
  const taken = names.filter((_, i) => takes[i]);
  return [...(factor === 1 ? [] : [factor]), ...taken].join('*');
}

function sumOf(names: readonly string[], base: Sample, moved: readonly Sample[], check: Sample) {
  const slopes = moved.map((s, i) => (s.length - base.length) / (s.at[i]! - base.at[i]!));
  const constant = slopes.reduce((c, slope, i) => c - slope * base.at[i]!, base.length);
  const holds = slopes.reduce((n, slope, i) => n + slope * check.at[i]!, constant) === check.length;
  if (!holds || !slopes.every(Number.isInteger)) return undefined;
  const terms = names.flatMap((name, i) => (slopes[i] === 0 ? [] : [slopes[i] === 1 ? name : `${slopes[i]}*${name}`]));
  if (constant !== 0) terms.push(String(constant));
  return terms.join('+').replaceAll('+-', '-');
}
