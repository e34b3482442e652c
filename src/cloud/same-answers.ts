/** Whether answers from a batch are those that each activation gets alone, tried on made-up activations. */
import { type DType, emptyData, type Tensor, type Tensors, toHalves } from '../model/index.ts';
import type { Random } from '../random.ts';

/** Of the largest number of an output. */
const TOLERANCE = 1e-5;

interface Described {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/**
 * Activations that differ in every number, and in magnitude: what works across a batch, if only through its largest number, shows.
 * Not negative, as most activations are, so that no root or logarithm fails.
 */
export function madeUp(tensors: readonly Described[], count: number, random: Random): Tensors[] {
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(tensors.map((t) => [t.name, madeUpTensor(t, 2 ** ((i % 5) - 2), random)])),
  );
}

function madeUpTensor({ dtype, shape }: Described, magnitude: number, random: Random): Tensor {
  const type = dtype as DType;
  const size = shape.reduce((n, d) => n * d, 1);
  if (type === 'string') throw new TypeError('no text can be made up');
  const isReal = type === 'float32' || type === 'float64' || type === 'float16';
  const numbers = Array.from({ length: size }, () => (isReal ? magnitude * random.uniform() : random.int(2)));
  if (type === 'float16') return { dtype: type, shape, data: toHalves(Float32Array.from(numbers)) };
  const data = emptyData(type, size) as Float32Array;
  const isBig = type === 'int64' || type === 'uint64';
  for (const [i, n] of numbers.entries()) data[i] = (isBig ? BigInt(n) : n) as number;
  return { dtype: type, shape, data };
}

/** In order; what is not a number is so in both. */
export function areSame(a: readonly Tensors[], b: readonly Tensors[]): boolean {
  return a.every((row, i) => Object.entries(row).every(([name, t]) => isSame(t, b[i]?.[name])));
}

function isSame(a: Tensor, b: Tensor | undefined): boolean {
  if (b?.dtype !== a.dtype || b.shape.length !== a.shape.length || a.shape.some((d, i) => d !== b.shape[i]))
    return false;
  const [x, y] = [Array.from(a.data, Number), Array.from(b.data, Number)];
  const isReal = a.dtype === 'float32' || a.dtype === 'float64';
  let scale = 0;
  for (const v of x) if (Number.isFinite(v)) scale = Math.max(scale, Math.abs(v));
  return x.every((v, i) => Object.is(v, y[i]) || Math.abs(v - y[i]!) <= (isReal ? TOLERANCE * scale : 0));
}
