import { scalar } from '../../../src/model/tensor.ts';
import type { CaseGenerator, Sketch } from './sketch.ts';

const plain =
  (op: string, low = -4, high = 4, opset = 17): CaseGenerator =>
  (s) => {
    s.opset = opset;
    s.node(op, [s.real(s.shape(0, 4), low, high)]);
  };

/** With float attributes drawn from [low, high]. */
const tuned =
  (op: string, attributes: Record<string, readonly [number, number]>): CaseGenerator =>
  (s) => {
    const drawn: Record<string, { float: number }> = {};
    for (const [name, [low, high]] of Object.entries(attributes)) {
      if (s.bool()) drawn[name] = { float: low + ((high - low) * s.int(0, 8)) / 8 };
    }
    s.node(op, [s.real(s.shape(1, 4), -4, 4)], drawn);
  };

const clip: CaseGenerator = (s) => {
  const x = s.real(s.shape(1, 4), -4, 4);
  const [low, high] = [-s.int(0, 2), s.int(1, 6)];
  if (s.bool()) {
    s.opset = 10;
    return s.node('Clip', [x], { min: { float: low }, max: { float: high } });
  }
  // Limits that are fed are trained, as in PACT.
  const limit = (value: number) => (s.bool() ? s.initializer(scalar(value)) : s.real([], value - 0.5, value + 0.25));
  const min = s.bool() ? limit(low) : '';
  const max = s.bool() ? limit(high) : '';
  return s.node('Clip', max ? [x, min, max] : min ? [x, min] : [x]);
};

const prelu: CaseGenerator = (s) => {
  const shape = s.shape(2, 4);
  const perChannel = [shape[1]!, ...shape.slice(2).map(() => 1)];
  s.node('PRelu', [s.real(shape), s.weight(s.pick([perChannel, [1], shape]))]);
};

const gelu: CaseGenerator = (s) => {
  s.opset = 20;
  s.node('Gelu', [s.real(s.shape(1, 4), -4, 4)], { approximate: s.pick(['none', 'tanh']) });
};

const swish: CaseGenerator = (s) => {
  s.opset = 24;
  s.node('Swish', [s.real(s.shape(1, 4), -4, 4)], s.bool() ? { alpha: { float: 1.75 } } : {});
};

const softmax =
  (op: string): CaseGenerator =>
  (s) => {
    s.opset = s.pick([11, 13, 17]);
    const shape = s.shape(2, 4);
    const axis = s.int(s.opset < 13 ? 0 : -shape.length, shape.length - 1);
    s.node(op, [s.real(shape, -3, 3)], drawAxis(s, axis));
  };

const drawAxis = (s: Sketch, axis: number): Record<string, number> => (s.int(0, 3) === 0 ? {} : { axis });

export const activationCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  Relu: [plain('Relu')],
  LeakyRelu: [tuned('LeakyRelu', { alpha: [0, 0.5] })],
  ThresholdedRelu: [tuned('ThresholdedRelu', { alpha: [0, 2] })],
  Elu: [tuned('Elu', { alpha: [0.25, 2.25] })],
  Celu: [tuned('Celu', { alpha: [0.25, 2.25] })],
  Selu: [tuned('Selu', { alpha: [1, 2], gamma: [1, 2] })],
  HardSigmoid: [tuned('HardSigmoid', { alpha: [0.1, 0.5], beta: [0.25, 0.75] })],
  HardSwish: [plain('HardSwish', -5, 5)],
  Tanh: [plain('Tanh')],
  Sigmoid: [plain('Sigmoid')],
  Softplus: [plain('Softplus')],
  Softsign: [plain('Softsign')],
  Mish: [plain('Mish', -4, 4, 18)],
  Shrink: [tuned('Shrink', { lambd: [0.25, 1.5], bias: [0, 1] })],
  Swish: [swish],
  Hardmax: [softmax('Hardmax')],
  Erf: [plain('Erf', -3, 3)],
  Gelu: [gelu],
  Clip: [clip],
  PRelu: [prelu],
  Softmax: [softmax('Softmax')],
  LogSoftmax: [softmax('LogSoftmax')],
};
