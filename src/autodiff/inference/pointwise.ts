/** Operators that calculate element by element. */
import { attrInt } from '../../model/graph.ts';
import { dtypeOf } from '../../model/onnx/dtype.ts';
import { broadcast, type Inference, type Inferences, misfit, oneType, required } from './kind.ts';

const present = <T>(list: readonly (T | undefined)[]): T[] => list.filter((x) => x !== undefined);

/** Type and shape of the first input. */
export const like: Inference = (call) => {
  const { dtype, shape } = required(call, 0);
  return { dtype, shape };
};

const arithmetic: Inference = ({ node, x }) => {
  const operands = present(x);
  return { dtype: oneType(node.op, operands), shape: broadcast(node.op, operands) };
};

const comparison: Inference = (call) => {
  const kind = arithmetic(call);
  return kind && { ...kind, dtype: 'bool' };
};

const logic: Inference = (call) => {
  const kind = arithmetic(call);
  return kind?.dtype === 'bool' ? kind : misfit(`a ${call.node.op} of ${kind?.dtype}`);
};

const each = (ops: string, inference: Inference): Inferences =>
  Object.fromEntries(ops.split(' ').map((op) => [op, inference]));

export const pointwise: Inferences = {
  ...each('Abs Neg Sign Sqrt Reciprocal Exp Log Erf Floor Ceil Round Identity', like),
  ...each('Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Sigmoid Tanh Softplus Relu Softmax LogSoftmax', like),
  ...each('CumSum Trilu ReverseSequence Clip LeakyRelu HardSigmoid', like),
  ...each('Add Sub Mul Div Max Min Sum Mean', arithmetic),
  ...each('Equal Greater GreaterOrEqual Less LessOrEqual', comparison),
  ...each('And Or Xor Not', logic),
  ...each('IsNaN IsInf', (call) => ({ dtype: 'bool', shape: required(call, 0).shape })),
  // The exponent may have a type of its own.
  Pow: (call) => {
    const operands = [required(call, 0), required(call, 1)];
    return { dtype: operands[0]!.dtype, shape: broadcast('Pow', operands) };
  },
  Where: (call) => {
    const [condition, a, b] = [required(call, 0), required(call, 1), required(call, 2)];
    if (condition.dtype !== 'bool') misfit(`a Where on ${condition.dtype}`);
    return { dtype: oneType('Where', [a, b]), shape: broadcast('Where', [condition, a, b]) };
  },
  Cast: (call) => {
    const dtype = dtypeOf(attrInt(call.node, 'to', 0));
    return dtype && { dtype, shape: required(call, 0).shape };
  },
};
