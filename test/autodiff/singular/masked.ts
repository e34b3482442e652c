/** Scores masked by −∞, rows that are masked altogether, and normalisations of equal values. */
import type { AttributeLike } from '../../../src/model/builder.ts';
import { float32 } from '../../../src/model/tensor.ts';
import { matrix, type Point, row } from './point.ts';

const infinity = Number.POSITIVE_INFINITY;
const e = Math.E;

/** Scores plus a mask, under an operator; rows without a number left are replaced by 0. */
const masked = (
  op: string,
  mask: readonly (readonly number[])[],
  gradient?: readonly number[],
  attributes = {},
): Point => ({
  name: `${op} of scores masked by −∞, rows replaced that have none left`,
  x: { x: matrix([0, 1], [0, 1], [0, 1]), w: matrix([1, 2], [1, 2], [1, 2]) },
  write: (b) => {
    const scores = b.op('Add', ['x', b.initializer(matrix(...mask))]);
    const value = b.op(op, [scores], attributes);
    const finite = b.op('Less', [b.op('Abs', [value]), b.initializer(float32([infinity], []))]);
    b.op('Mul', [b.op('Where', [finite, value, b.initializer(float32([0], []))]), 'w'], {}, 'y');
  },
  ...(gradient && { gradient: { x: gradient } }),
});

const rows = [
  [0, 0],
  [0, -infinity],
  [-infinity, -infinity],
];

/** A normalisation of equal values, which without ε is 0/0: its NaN is replaced. */
const equal = (
  op: string,
  epsilon: number,
  parameters: number,
  opset: number,
  attributes = {},
  value = 0.7,
): Point => ({
  name: `${op} of equal values, ε ${epsilon}`,
  opset,
  x: { x: float32(new Float32Array(16).fill(value), [2, 2, 4]) },
  write: (b) => {
    const width = op === 'LayerNormalization' || op === 'RMSNormalization' ? 4 : 2;
    const weights = Array.from({ length: parameters }, (_, i) =>
      b.initializer(float32(new Array(width).fill(i + 1), [width])),
    );
    const all: Record<string, AttributeLike> = { ...attributes, epsilon: { float: epsilon } };
    const outputs = op === 'BatchNormalization' ? ['n', 'running_mean', 'running_var'] : ['n'];
    b.ops(op, ['x', ...weights], all, outputs);
    b.op('Where', [b.op('IsNaN', ['n']), b.initializer(float32([0], [])), 'n'], {}, 'y');
  },
});

const epsilons = [0, 1e-45, 1e-38, 1e-12];

export const masks: readonly Point[] = [
  masked('Softmax', rows, [-(e / (1 + e) ** 2), e / (1 + e) ** 2, 0, 0, 0, 0]),
  masked('LogSoftmax', rows),
  masked('ReduceLogSumExp', rows, undefined, { axes: [1], keepdims: 1 }),
  masked('ReduceMax', rows, undefined, { axes: [1], keepdims: 1 }),
  {
    name: 'attention with a query that may look at nothing, and is not read',
    x: { x: matrix([0, 1], [0, 1]), v: matrix([1], [2]) },
    write: (b) => {
      const mask = b.initializer(matrix([0, 0], [-infinity, -infinity]));
      const mixed = b.op('MatMul', [b.op('Softmax', [b.op('Add', ['x', mask])]), 'v']);
      b.op('Gather', [mixed, b.constant([0], 'int64')], {}, 'y');
    },
    gradient: { x: [-(e / (1 + e) ** 2), e / (1 + e) ** 2, 0, 0], v: [1 / (1 + e), e / (1 + e)] },
  },
  {
    name: 'the logarithm of a sum of exponentials that are all 0',
    x: { x: matrix([-2, -2]) },
    write: (b) => {
      const log = b.op('ReduceLogSumExp', [b.op('Add', ['x', b.initializer(matrix([-infinity, -infinity]))])], {
        axes: [1],
      });
      b.op('Exp', [log], {}, 'y');
    },
    gradient: { x: [0, 0] },
  },
  {
    name: 'the logarithm of a sum of zeros',
    x: { x: matrix([0, 0], [1, 3]) },
    write: (b) => {
      const log = b.op('ReduceLogSum', ['x'], { axes: [1], keepdims: 0 });
      b.op('Max', [log, b.initializer(row(-20))], {}, 'y');
    },
    gradient: { x: [0, 0, 0.25, 0.25] },
  },
  ...epsilons.flatMap((epsilon) => [
    equal('LayerNormalization', epsilon, 2, 17),
    equal('InstanceNormalization', epsilon, 2, 17),
    equal('GroupNormalization', epsilon, 2, 21, { num_groups: 1 }),
    equal('RMSNormalization', epsilon, 1, 23, {}, 0),
    equal('BatchNormalization', epsilon, 4, 17, { training_mode: 1 }),
  ]),
  {
    name: 'MeanVarianceNormalization of equal values',
    x: { x: float32(new Float32Array(8).fill(0.3), [1, 2, 2, 2]) },
    write: (b) => {
      const n = b.op('MeanVarianceNormalization', ['x']);
      b.op('Where', [b.op('IsNaN', [n]), b.initializer(float32([0], [])), n], {}, 'y');
    },
  },
  {
    name: 'LRN without a bias beside channels that are all zero',
    x: { x: float32([0, 0, 0, 0, 2], [1, 5, 1, 1]) },
    write: (b) => {
      const n = b.op('LRN', ['x'], { size: 3, bias: { float: 0 } });
      b.op('Where', [b.op('IsNaN', [n]), b.initializer(float32([0], [])), n], {}, 'y');
    },
  },
];
