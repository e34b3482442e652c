/**
 * Losses as pairs of value and cotangent. Values are one a picture (shape [n]), so that a batch holds n separate problems;
 * cotangents are those of the sum over the batch.
 */
import { sizeOf } from '../model/tensor.ts';
import type { Expressions, Term } from './expressions.ts';

export interface Loss {
  /** Shape [n]. */
  readonly value: Term;
  /** Shape of the first argument. */
  readonly cotangent: Term;
}

const inner = (shape: readonly number[]): number[] => shape.map((_, i) => i).slice(1);

/** `[n]` stretched to broadcast against a tensor of this rank. */
export function perPicture(g: Expressions, vector: Term, shape: readonly number[]): Term {
  return g.reshape(vector, [shape[0]!, ...shape.slice(1).map(() => 1)]);
}

/** Mean over features of (a − b)². */
export function meanSquaredError(
  g: Expressions,
  a: Term,
  b: Term,
  shape: readonly number[],
  features = sizeOf(shape.slice(1)),
): Loss {
  const residual = g.sub(a, b);
  return {
    value: g.mul(g.sum(g.square(residual), inner(shape)), 1 / features),
    cotangent: g.mul(residual, 2 / features),
  };
}

/**
 * Mean over features of (a − b)² − b²: the same descent as squared differences, without the constant in which float32 drowns
 * where b is mostly noise. It may be negative.
 */
export function squaredErrorBut(g: Expressions, a: Term, b: Term, shape: readonly number[], features: number): Loss {
  return {
    value: g.mul(g.sum(g.mul(a, g.sub(a, g.mul(b, 2))), inner(shape)), 1 / features),
    cotangent: g.mul(g.sub(a, b), 2 / features),
  };
}

/** Mean over features of √((a − b)² + ε²) − ε: the likelihood of Laplace noise, smooth at zero. */
export function meanAbsoluteError(
  g: Expressions,
  a: Term,
  b: Term,
  shape: readonly number[],
  epsilon: number,
  features = sizeOf(shape.slice(1)),
): Loss {
  const residual = g.sub(a, b);
  const length = g.sqrt(g.add(g.square(residual), epsilon * epsilon));
  return {
    value: g.mul(g.sum(g.sub(length, epsilon), inner(shape)), 1 / features),
    cotangent: g.mul(g.div(residual, length), 1 / features),
  };
}

/**
 * Where elements are left out at random: squared differences where b is not zero; where it is, −log of the chance that an
 * element was left out after all or was that small, in the same units. A zero is taken for an observation only as far as
 * what was there is near zero, so that zeros that were made are no evidence.
 * @param rate with which elements of b are left out, 0 … 1
 */
export function droppedError(
  g: Expressions,
  a: Term,
  b: Term,
  shape: readonly number[],
  rate: number,
  features = sizeOf(shape.slice(1)),
): Loss {
  // What counts as near zero: a twentieth of the typical size of what was seen.
  const power = g.sum(g.square(b), inner(shape), true);
  const width = g.add(g.mul(power, 1 / (400 * sizeOf(shape.slice(1)))), 1e-12);
  const left = g.indicator(g.equal(b, g.value(0)));
  const kept = g.sub(1, left);
  const residual = g.sub(a, b);
  const there = g.mul(g.exp(g.neg(g.div(g.square(a), g.mul(width, 2)))), 1 - rate);
  const either = g.add(there, rate);
  const surprise = g.mul(g.graph.op('Log', [either]), g.mul(width, -2));
  const value = g.add(g.mul(kept, g.square(residual)), g.mul(left, surprise));
  const pull = g.mul(a, g.mul(g.div(there, either), 2));
  const slope = g.add(g.mul(kept, g.mul(residual, 2)), g.mul(left, pull));
  return { value: g.mul(g.sum(value, inner(shape)), 1 / features), cotangent: g.mul(slope, 1 / features) };
}

/**
 * Where elements are left out at random and noise is added then: −2σ² log of the mixture of what was there and of nothing, but
 * for a constant; both in units of squared differences.
 * @param rate with which elements were left out, 0 < rate < 1
 * @param sigma of the noise
 */
export function mixedError(
  g: Expressions,
  a: Term,
  b: Term,
  shape: readonly number[],
  { rate, sigma, features = sizeOf(shape.slice(1)) }: { rate: number; sigma: number; features?: number },
): Loss {
  const width = 2 * sigma * sigma;
  const residual = g.sub(a, b);
  const square = g.square(residual);
  // log of the odds that it was left out, and of the share that is so little that the rest is all there is.
  const odds = g.add(g.mul(g.sub(square, g.square(b)), 1 / width), Math.log(rate / (1 - rate)));
  const there = g.graph.op('Sigmoid', [g.neg(odds)]);
  const surprise = g.graph.op('Softplus', [odds]);
  return {
    value: g.mul(g.sum(g.sub(square, g.mul(surprise, width)), inner(shape)), 1 / features),
    cotangent: g.mul(g.mul(residual, there), 2 / features),
  };
}

/** Mean over features of max(|a − b| − slack, 0)²: what is as near as the slack is as good as equal. */
export function errorBeyond(
  g: Expressions,
  a: Term,
  b: Term,
  shape: readonly number[],
  slack: Term,
  features = sizeOf(shape.slice(1)),
): Loss {
  const residual = g.sub(a, b);
  const beyond = g.max(g.sub(g.graph.op('Abs', [residual]), slack), 0);
  return {
    value: g.mul(g.sum(g.square(beyond), inner(shape)), 1 / features),
    cotangent: g.mul(g.mul(beyond, g.sign(residual)), 2 / features),
  };
}

/** Mean of x² over a picture. */
export function l2(g: Expressions, x: Term, shape: readonly number[]): Loss {
  const scale = 1 / sizeOf(shape.slice(1));
  return {
    value: g.mul(g.sum(g.square(x), inner(shape)), scale),
    cotangent: g.mul(x, 2 * scale),
  };
}

/**
 * Total variation in its squared form, mean(Δ_rows x²) + mean(Δ_columns x²), as the public code of He et al. 2019 has it.
 * It is the quadratic form ½⟨x, Ax⟩, where A x applies a second-difference matrix to rows and columns: the cotangent is A x.
 * @param axes the two spatial axes of x
 */
export function totalVariation(
  g: Expressions,
  x: Term,
  shape: readonly number[],
  axes: readonly [number, number],
): Loss {
  const total = sizeOf(shape.slice(1));
  const along = (axis: number): Term => {
    const n = shape[axis]!;
    const count = (total / n) * (n - 1);
    const matrix = g.tensor({
      dtype: 'float32',
      shape: [n, n],
      data: secondDifferences(n, 2 / count),
    });
    if (axis === shape.length - 1) return g.matmul(x, matrix);
    if (axis === shape.length - 2) return g.matmul(matrix, x);
    const perm = shape.map((_, i) => i);
    perm[axis] = shape.length - 1;
    perm[shape.length - 1] = axis;
    return g.transpose(g.matmul(g.transpose(x, perm), matrix), perm);
  };
  const ax = g.add(along(axes[0]), along(axes[1]));
  return {
    value: g.mul(g.sum(g.mul(x, ax), inner(shape)), 0.5),
    cotangent: ax,
  };
}

/** Dᵀ D times a factor, with D the n−1 first differences of n values. */
function secondDifferences(n: number, factor: number): Float32Array {
  const a = new Float32Array(n * n);
  for (let i = 0; i + 1 < n; i++) {
    a[i * n + i]! += factor;
    a[(i + 1) * n + i + 1]! += factor;
    a[i * n + i + 1]! -= factor;
    a[(i + 1) * n + i]! -= factor;
  }
  return a;
}

/**
 * Total variation as the paper of He et al. 2019 has it: mean over pixels of √(Δ_rows x² + Δ_columns x² + ε²) − ε, the smoothed
 * length of the gradient, which lets edges stand. Differences across the far edges are zero.
 * @param axes the two spatial axes of x
 */
export function isotropicVariation(
  g: Expressions,
  x: Term,
  shape: readonly number[],
  axes: readonly [number, number],
  epsilon: number,
): Loss {
  const pixels = sizeOf(shape.slice(1));
  const difference = (axis: number): Term => {
    const n = shape[axis]!;
    const steps = g.sub(g.slice(x, [1], [n], [axis]), g.slice(x, [0], [n - 1], [axis]));
    return padded(g, steps, shape, axis, 0, 1);
  };
  /** The transpose of `difference`. */
  const spread = (d: Term, axis: number): Term => {
    const inside = g.slice(d, [0], [shape[axis]! - 1], [axis]);
    return g.sub(padded(g, inside, shape, axis, 1, 0), padded(g, inside, shape, axis, 0, 1));
  };
  const [rows, columns] = axes.map(difference) as [Term, Term];
  const length = g.sqrt(g.add(g.add(g.square(rows), g.square(columns)), epsilon * epsilon));
  const weight = g.div(1 / pixels, length);
  return {
    value: g.mul(g.sum(g.sub(length, epsilon), inner(shape)), 1 / pixels),
    cotangent: g.add(spread(g.mul(rows, weight), axes[0]), spread(g.mul(columns, weight), axes[1])),
  };
}

function padded(g: Expressions, x: Term, shape: readonly number[], axis: number, before: number, after: number): Term {
  const widths = (width: number) => shape.map((_, i) => (i === axis ? width : 0));
  return g.pad(x, widths(before), widths(after));
}

/** Cross-entropy of logits [n, classes] against one-hot targets of the same shape. */
export function crossEntropy(g: Expressions, logits: Term, oneHot: Term): Loss {
  const logProbabilities = g.graph.op('LogSoftmax', [logits], { axis: -1 });
  return {
    value: g.neg(g.sum(g.mul(logProbabilities, oneHot), [1])),
    cotangent: g.sub(g.exp(logProbabilities), oneHot),
  };
}
