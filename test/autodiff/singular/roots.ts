/** Roots, powers, norms and products where a factor, or everything, is zero; the ends of domains. */
import { float32 } from '../../../src/model/tensor.ts';
import { matrix, type Point, row, single } from './point.ts';

const power = (
  name: string,
  base: readonly number[],
  exponent: readonly number[],
  x: number[],
  e: number[],
): Point => ({
  name: `power, ${name}`,
  x: { x: row(...base), e: row(...exponent) },
  write: (b) => b.op('Pow', ['x', 'e'], {}, 'y'),
  gradient: { x, e },
});

const constantPower = (exponent: number, gradient: readonly number[]): Point => ({
  name: `x to the ${exponent} at 0`,
  x: { x: row(0, 1) },
  write: (b) => b.op('Pow', ['x', b.initializer(float32([exponent], []))], {}, 'y'),
  gradient: { x: gradient },
});

const pooled = (op: string, p: number): Point =>
  single(`${op} of zeros, p ${p}`, op, float32([0, 0, 0, 0], [1, 1, 4]), [0, 0, 0, 0], {
    p,
    ...(op === 'LpPool' && { kernel_shape: [2], strides: [2] }),
  });

export const roots: readonly Point[] = [
  single('a root at 0', 'Sqrt', row(0, 4), [0, 0.25]),
  single('the ends of the arc sine', 'Asin', row(-1, 0, 1), [0, 1, 0]),
  single('the ends of the arc cosine', 'Acos', row(-1, 0, 1), [0, -1, 0]),
  single('the end of the hyperbolic arc cosine', 'Acosh', row(1, Math.SQRT2), [0, 1]),
  constantPower(0.5, [0, 0.5]),
  constantPower(0, [0, 0]),
  constantPower(1, [1, 1]),
  constantPower(1.5, [0, 1.5]),
  constantPower(2, [0, 2]),
  power('exponents below, at and above 1', [0, 0, 0, 0], [0.5, 0, 1, 2], [0, 0, 1, 0], [0, 0, 0, 0]),
  power('of a negative base', [-2, -2], [2, 3], [-4, 12], [0, 0]),
  ...[1, 2, 3].flatMap((p) => [pooled('LpPool', p), pooled('GlobalLpPool', p)]),
  single('the norm of zeros', 'ReduceL2', matrix([0, 0], [3, 4]), [0, 0, 0.6, 0.8], { axes: [1] }),
  single('a norm so small that its squares vanish', 'ReduceL2', matrix([1e-30, 1e-30]), undefined, { axes: [1] }),
  single('the 1-norm of zeros', 'ReduceL1', matrix([0, 0], [3, -4]), [0, 0, 1, -1], { axes: [1] }),
  single('zeros normalised', 'LpNormalization', matrix([0, 0], [1, 0]), [0, 0, 0, 1], {}),
  single('zeros normalised by the 1-norm', 'LpNormalization', matrix([0, 0], [1, 0]), [0, 0, 0, 1], { p: 1 }),
  single('what is too small to be normalised', 'LpNormalization', matrix([1e-30, 0]), [0, 0], {}),
  {
    ...single('the tanh form of Gelu far from 0', 'Gelu', row(-1e20, 1e20), [0, 1], { approximate: 'tanh' }),
    opset: 20,
  },
  single('a product with one zero factor', 'ReduceProd', matrix([2, 0, 5]), [0, 10, 0], { axes: [1] }),
  single('a product with two zero factors', 'ReduceProd', matrix([2, 0, 0]), [0, 0, 0], { axes: [1] }),
  single('a product of everything', 'ReduceProd', matrix([0, 2], [3, 4]), [24, 0, 0, 0]),
  single('a product that underflows', 'ReduceProd', matrix([1e-30, 1e-30, 1e20]), [1e-10, 1e-10, 0], { axes: [1] }),
  single('a product of one factor', 'ReduceProd', matrix([0], [7]), [1, 1], { axes: [1] }),
  {
    name: 'factors that are multiplied into zeros, several at a place',
    opset: 18,
    x: { x: row(0, 3, 2), u: row(0, 5, 0, 7) },
    write: (b) => {
      const places = b.initializer({ dtype: 'int64', shape: [4], data: BigInt64Array.of(0n, 1n, 1n, -1n) });
      b.op('ScatterElements', ['x', places, 'u'], { reduction: 'mul' }, 'y');
    },
    gradient: { x: [0, 0, 7], u: [0, 0, 15, 2] },
  },
  {
    name: 'the length of a difference that is zero',
    x: { x: row(1, 2), z: row(1, 2) },
    write: (b) => {
      const d = b.op('Sub', ['x', 'z']);
      b.op('Sqrt', [b.op('ReduceSum', [b.op('Mul', [d, d])], { keepdims: 0 })], {}, 'y');
    },
    gradient: { x: [0, 0], z: [0, 0] },
  },
  {
    name: 'the same by a power of ½',
    x: { x: row(0, 0) },
    write: (b) => {
      const squares = b.op('ReduceSumSquare', ['x'], { keepdims: 0 });
      b.op('Pow', [squares, b.initializer(float32([0.5], []))], {}, 'y');
    },
    gradient: { x: [0, 0] },
  },
  {
    name: 'the deviation of equal values',
    x: { x: row(3, 3, 3) },
    write: (b) => {
      const centred = b.op('Sub', ['x', b.op('ReduceMean', ['x'])]);
      b.op('Sqrt', [b.op('ReduceMean', [b.op('Mul', [centred, centred])])], {}, 'y');
    },
    gradient: { x: [0, 0, 0] },
  },
  {
    name: 'the cosine of zeros, kept from 0/0 by ε',
    x: { x: row(0, 0), z: row(1, 2) },
    write: (b) => {
      const product = b.op('ReduceSum', [b.op('Mul', ['x', 'z'])]);
      const lengths = b.op('Mul', [b.op('ReduceL2', ['x']), b.op('ReduceL2', ['z'])]);
      b.op('Div', [product, b.op('Max', [lengths, b.initializer(float32([0.5], []))])], {}, 'y');
    },
    gradient: { x: [2, 4], z: [0, 0] },
  },
];
