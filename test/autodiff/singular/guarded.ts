/** Branches that are not chosen, and have no value there: 0·∞ must not come back from them. */
import type { GraphBuilder } from '../../../src/model/builder.ts';
import { float32, type Tensor } from '../../../src/model/tensor.ts';
import { type Point, row } from './point.ts';

const zero = (b: GraphBuilder) => b.initializer(float32([0], []));
const number = (b: GraphBuilder, v: number) => b.initializer(float32([v], []));

/** Where(x > 0, f(x), 0) at points on both sides of 0, and on it. */
const behindWhere = (op: string, x: readonly number[], gradient: readonly number[], opset = 17): Point => ({
  name: `${op} behind a Where`,
  opset,
  x: { x: row(...x) },
  write: (b) => b.op('Where', [b.op('Greater', ['x', zero(b)]), b.op(op, ['x']), zero(b)], {}, 'y'),
  gradient: { x: gradient },
});

/** The outermost of a chain of operators, where it is no number, is replaced. */
const replaced = (
  name: string,
  x: Tensor,
  chain: readonly string[],
  gradient: readonly number[],
  opset = 17,
): Point => ({
  name: `${name}, its NaN replaced`,
  opset,
  x: { x },
  write: (b) => {
    const value = chain.reduce((inner, op) => b.op(op, [inner]), 'x');
    b.op('Where', [b.op('IsNaN', [value]), zero(b), value], {}, 'y');
  },
  gradient: { x: gradient },
});

/** What follows a logarithm of negative numbers, which all of these hand on as NaN. */
const after = ['Sigmoid', 'Tanh', 'Softplus', 'Erf', 'Abs', 'Relu', 'Softsign', 'Sin', 'Exp', 'Elu', 'HardSigmoid'];

export const guarded: readonly Point[] = [
  behindWhere('Log', [-1, 0, 2], [0, 0, 0.5]),
  behindWhere('Sqrt', [-1, 0, 4], [0, 0, 0.25]),
  behindWhere('Reciprocal', [-0, 0, 2], [0, 0, -0.25]),
  behindWhere('Exp', [-200, 0, 1], [0, 0, Math.E]),
  behindWhere('Acosh', [-1, 0, 2], [0, 0, 1 / Math.sqrt(3)]),
  ...after.map((op) => ({
    ...replaced(`${op} of a logarithm`, row(-2, -1), ['Log', op], [0, 0]),
  })),
  replaced('Gelu of a logarithm', row(-2), ['Log', 'Gelu'], [0], 20),
  replaced('Mish of a logarithm', row(-2), ['Log', 'Mish'], [0], 18),
  replaced('Softmax of what is no number', row(-1, -2), ['Log', 'Softmax'], [0, 0]),
  {
    name: 'an exponential that overflows where it is not chosen, in a softplus written out',
    x: { x: row(-1, 0, 100, 200) },
    write: (b) => {
      const soft = b.op('Log', [b.op('Add', [b.op('Exp', ['x']), number(b, 1)])]);
      b.op('Where', [b.op('Greater', ['x', number(b, 20)]), 'x', soft], {}, 'y');
    },
    gradient: { x: [1 / (1 + Math.E), 0.5, 1, 1] },
  },
  {
    name: 'a sigmoid written out, far from 0',
    x: { x: row(-200, 0, 200) },
    write: (b) => {
      const one = number(b, 1);
      b.op('Div', [one, b.op('Add', [one, b.op('Exp', [b.op('Neg', ['x'])])])], {}, 'y');
    },
    gradient: { x: [0, 0.25, 0] },
  },
  {
    name: 'a quotient by a zero that is found out',
    x: { x: row(1, 2), z: row(0, 4) },
    write: (b) => b.op('Where', [b.op('Equal', ['z', zero(b)]), 'x', b.op('Div', ['x', 'z'])], {}, 'y'),
    gradient: { x: [1, 0.25], z: [0, -0.125] },
  },
  {
    name: 'a divisor replaced where it is zero',
    x: { x: row(0, 3, 4) },
    write: (b) => {
      const length = b.op('ReduceL2', ['x'], { keepdims: 1 });
      b.op('Div', ['x', b.op('Max', [length, number(b, 1e-12)])], {}, 'y');
    },
  },
  {
    name: 'one factor for all, times what overflows where it is not chosen',
    x: { a: row(2), x: row(0, 200) },
    write: (b) => {
      const product = b.op('Mul', ['a', b.op('Exp', ['x'])]);
      b.op('Where', [b.op('Less', ['x', number(b, 50)]), product, zero(b)], {}, 'y');
    },
    gradient: { a: [1], x: [2, 0] },
  },
  {
    name: 'an exponential stopped by Min, a logarithm by Clip',
    x: { x: row(0, 200), z: row(0, 1) },
    write: (b) => {
      const low = b.op('Clip', [b.op('Log', ['z']), number(b, -10)]);
      b.op('Add', [b.op('Min', [b.op('Exp', ['x']), number(b, 10)]), low], {}, 'y');
    },
    gradient: { x: [1, 0], z: [0, 1] },
  },
  {
    name: 'a maximum over what is partly no number, which is not taken',
    x: { x: row(-1, 1, 2) },
    write: (b) => {
      const log = b.op('Log', ['x']);
      const kept = b.op('Slice', [log, ...[[1], [3], [0]].map((l) => b.constant(l, 'int64'))]);
      b.op('ReduceMax', [kept], {}, 'y');
    },
    gradient: { x: [0, 0, 0.5] },
  },
  {
    name: 'a remainder by zero that is found out',
    x: { x: row(5, 5), z: row(0, 3) },
    write: (b) => {
      const rest = b.op('Mod', ['x', 'z'], { fmod: 1 });
      b.op('Where', [b.op('Equal', ['z', zero(b)]), zero(b), rest], {}, 'y');
    },
    gradient: { x: [0, 1], z: [0, -1] },
  },
  {
    name: 'a power of a negative base that is not chosen',
    x: { x: row(-2, 4), e: row(0.5, 0.5) },
    write: (b) => b.op('Where', [b.op('Less', ['x', zero(b)]), zero(b), b.op('Pow', ['x', 'e'])], {}, 'y'),
    gradient: { x: [0, 0.25], e: [0, 2 * Math.log(4)] },
  },
  {
    name: 'a slope of PRelu times what is infinite and not chosen',
    x: { x: row(0, 1), a: row(0.5, 0.5) },
    write: (b) => {
      const log = b.op('Log', ['x']);
      b.op('Where', [b.op('Greater', ['x', zero(b)]), b.op('PRelu', [log, 'a']), zero(b)], {}, 'y');
    },
    gradient: { x: [0, 0.5], a: [0, 0] },
  },
];
