/**
 * Distance correlation (Székely, Rizzo, Bakirov, Ann. Statist. 2007): 0 only for independent data, 1 for data of the same
 * shape. NoPeek (Vepakomma et al. 2020) trains with it and reports the plain estimate, which tends to 1 for any data of
 * many dimensions and few pictures; so the bias-corrected one (Székely & Rizzo, J. Multivar. Anal. 2013) decides here.
 */

export interface DistanceCorrelation {
  /** √ of the bias-corrected estimate of its square, 0 where that is negative; 0 … 1. */
  readonly value: number;
  /** The bias-corrected estimate of the square; near 0, on either side, for independent data. */
  readonly squared: number;
  /** The plain estimate of 2007, for comparison with papers; too high for few pictures. */
  readonly plain: number;
  /** Pictures. */
  readonly n: number;
}

/** The fewest pictures of which the bias-corrected estimate exists. */
export const minimumPictures = 4;

/**
 * @param a distances between the n objects of one kind, [n, n], symmetric, zero on the diagonal
 * @param b distances between the same objects seen another way
 */
export function distanceCorrelation(a: Float64Array, b: Float64Array): DistanceCorrelation {
  const n = Math.sqrt(a.length);
  if (!Number.isInteger(n) || n < minimumPictures || b.length !== a.length) {
    throw new RangeError(`distances of ${a.length} and ${b.length} pairs`);
  }
  const plain = ratio(centred(a, n), centred(b, n));
  const squared = ratio(unbiased(a, n), unbiased(b, n));
  return { value: root(squared), squared, plain: root(plain), n };
}

const root = (square: number): number => Math.sqrt(Math.min(1, Math.max(0, square)));

/**
 * Euclidean distances from inner products: |x − y|² = ⟨x, x⟩ + ⟨y, y⟩ − 2⟨x, y⟩. The caller centres the data first, or
 * float32 products lose the difference.
 * @param gram [n, n]
 */
export function distancesFromGram(gram: ArrayLike<number>, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const square = gram[i * n + i]! + gram[j * n + j]! - gram[i * n + j]! - gram[j * n + i]!;
      out[i * n + j] = out[j * n + i] = Math.sqrt(Math.max(0, square));
    }
  }
  return out;
}

/** ⟨a, b⟩ / √(⟨a, a⟩⟨b, b⟩); data without any variation depend on nothing. */
function ratio(a: Float64Array, b: Float64Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

/** Double centring: a − row mean − column mean + mean. */
function centred(a: Float64Array, n: number): Float64Array {
  const rows = rowSums(a, n);
  const all = rows.reduce((s, v) => s + v, 0);
  return a.map((v, k) => v - rows[Math.floor(k / n)]! / n - rows[k % n]! / n + all / (n * n));
}

/** U-centring: as `centred` with the counts that make the estimate unbiased, zero on the diagonal. */
function unbiased(a: Float64Array, n: number): Float64Array {
  const rows = rowSums(a, n);
  const all = rows.reduce((s, v) => s + v, 0);
  return a.map((v, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    return i === j ? 0 : v - rows[i]! / (n - 2) - rows[j]! / (n - 2) + all / ((n - 1) * (n - 2));
  });
}

function rowSums(a: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => a.subarray(i * n, (i + 1) * n).reduce((s, v) => s + v, 0));
}
