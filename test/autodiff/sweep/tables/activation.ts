/** Activation functions with all their settings. Kinks lie on borders between values (multiples of ½). */
import { product, type Sweep, type Variant } from '../variant.ts';

type Settings = Readonly<Record<string, readonly (number | undefined)[]>>;

/** Float attributes in all combinations, left out ones included. */
const tuned = (
  op: string,
  opsets: readonly number[],
  settings: Settings = {},
  noted: (opset: number) => Partial<Variant> = () => ({}),
): Variant[] =>
  product(opsets, { shape: [[16], [2, 4, 2]], ...settings }, (choice) => ({
    ...noted(choice.opset),
    write: (s) => {
      const floats = Object.keys(settings).flatMap((name) => {
        const value = (choice as Record<string, unknown>)[name] as number | undefined;
        return value === undefined ? [] : [[name, { float: value }] as const];
      });
      s.node(op, [s.real(choice.shape as readonly number[], -4, 4)], Object.fromEntries(floats));
    },
  }));

const softmax = (op: string): Variant[] =>
  product(
    [7, 9, 11, 13, 22],
    { shape: [[2, 3], [2, 3, 4], [2, 3, 2, 2], [3, 1, 1], [4]], axis: [undefined, 0, 1, 2, -1, -2] },
    ({ opset, shape, axis }) => {
      const low = opset < 11 ? 0 : -shape.length;
      if (axis !== undefined && (axis < low || axis >= shape.length)) return undefined;
      if (axis === undefined && opset < 13 && shape.length < 2) return undefined;
      return (s) => s.node(op, [s.real(shape, -2, 2)], axis === undefined ? {} : { axis });
    },
  );

const prelu = product(
  [7, 9, 16, 22],
  { slope: [[2, 4, 2], [4, 1], [2], [1], [], [2, 1, 1]], constant: [false, true] },
  (c) => {
    return (s) => s.node('PRelu', [s.real([2, 4, 2], -4, 4), s.either(c.constant, c.slope, 0.1, 0.6)]);
  },
);

/** Limits left out, constant or fed; as attributes before opset 11. */
const clip = product([7, 11, 12, 13, 22], { min: ['no', 'constant', 'fed'], max: ['no', 'constant', 'fed'] }, (c) => {
  if (c.opset < 11) {
    if (c.min === 'fed' || c.max === 'fed') return undefined;
    const limits = {
      ...(c.min === 'constant' && { min: { float: -1 } }),
      ...(c.max === 'constant' && { max: { float: 2 } }),
    };
    return (s) => s.node('Clip', [s.real([2, 8], -4, 4)], limits);
  }
  return (s) => {
    const limit = (kind: string, at: number) =>
      kind === 'no' ? '' : kind === 'fed' ? s.real([], at - 0.01, at + 0.01) : s.floats([at], []);
    const x = s.real([2, 8], -4, 4);
    const [min, max] = [limit(c.min, -1), limit(c.max, 2)];
    s.node('Clip', max ? [x, min, max] : min ? [x, min] : [x]);
  };
});

/** Limits that cross: the upper one holds. Not before opset 11, where they were attributes. */
const crossed = product([11, 12, 13, 22], { constant: [false, true] }, ({ constant }) => (s) => {
  const limit = (at: number) => s.either(constant, [], at - 0.01, at + 0.01);
  s.node('Clip', [s.real([2, 8], -4, 4), limit(1), limit(-1)]);
});

const gelu = product([20, 22], { approximate: [undefined, 'none', 'tanh'] }, ({ approximate }) => (s) => {
  s.node('Gelu', [s.real([2, 8], -4, 4)], approximate ? { approximate } : {});
});

const alphas = [undefined, 0, 0.3, 1.7];
const positives = [undefined, 0.5, 2];

export const activation: Sweep = {
  Celu: tuned('Celu', [12, 22], { alpha: positives }),
  Clip: [...clip, ...crossed],
  Elu: tuned('Elu', [7, 22], { alpha: alphas }),
  Gelu: gelu,
  HardSigmoid: tuned('HardSigmoid', [7, 22], { alpha: [undefined, 0.25, 0.5], beta: [undefined, 0.25, 0.5] }),
  HardSwish: tuned('HardSwish', [14, 22]),
  LeakyRelu: tuned('LeakyRelu', [7, 16, 22], { alpha: alphas }),
  LogSoftmax: softmax('LogSoftmax'),
  Mish: tuned('Mish', [18, 22]),
  PRelu: prelu,
  Relu: tuned('Relu', [7, 13, 14, 22]),
  Selu: tuned('Selu', [7, 22], { alpha: positives, gamma: positives }),
  Shrink: tuned('Shrink', [9, 22], { lambd: [undefined, 1], bias: [undefined, 0, 0.7] }, () => ({ single: true })),
  Sigmoid: tuned('Sigmoid', [7, 13, 22]),
  Softmax: softmax('Softmax'),
  Softplus: tuned('Softplus', [7, 22]),
  Softsign: tuned('Softsign', [7, 22]),
  Swish: tuned('Swish', [24, 26], { alpha: alphas }, (opset) => (opset > 24 ? { refused: 'no kernel' } : {})),
  Tanh: tuned('Tanh', [7, 13, 22]),
  ThresholdedRelu: tuned('ThresholdedRelu', [10, 22], { alpha: [undefined, 0, 1.5] }),
};
