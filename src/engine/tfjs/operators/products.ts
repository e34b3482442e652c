import { attrInt } from '../../../model/graph.ts';
import { float, type Operator, type Operators, tensor } from '../call.ts';
import type { Tf, TfTensor } from '../library.ts';
import { broadcastShape } from './elementwise.ts';

/** Y = α A′B′ + β C. */
const gemm: Operator = (call) => {
  const { tf, node } = call;
  const [transA, transB] = [attrInt(node, 'transA', 0) === 1, attrInt(node, 'transB', 0) === 1];
  const alpha = float(call, 'alpha', 1);
  const beta = float(call, 'beta', 1);
  const product = tf.matMul(tensor(call, 0), tensor(call, 1), transA, transB);
  const scaled = alpha === 1 ? product : tf.mul(product, alpha);
  if (!call.inputs[2]) return scaled;
  return tf.add(scaled, beta === 1 ? tensor(call, 2) : tf.mul(tensor(call, 2), beta));
};

/** Vectors are matrices of one row or column; batch axes broadcast. */
const matmul: Operator = (call) => {
  const { tf } = call;
  const [a, b] = [tensor(call, 0), tensor(call, 1)];
  const left = a.rank === 1 ? tf.expandDims(a, 0) : a;
  const right = b.rank === 1 ? tf.expandDims(b, 1) : b;
  const product = multiply(tf, left, right);
  const axes = [...(a.rank === 1 ? [product.rank - 2] : []), ...(b.rank === 1 ? [product.rank - 1] : [])];
  return axes.length > 0 ? tf.squeeze(product, axes) : product;
};

function multiply(tf: Tf, a: TfTensor, b: TfTensor): TfTensor {
  if (a.rank === 2 && b.rank === 2) return tf.matMul(a, b);
  if (b.rank === 2) {
    // One matrix for the whole batch: a single product over all rows.
    const rows = tf.matMul(tf.reshape(a, [-1, a.shape.at(-1)!]), b);
    return tf.reshape(rows, [...a.shape.slice(0, -1), b.shape[1]!]);
  }
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const spread = (x: TfTensor): TfTensor => {
    const shape = [...batch, ...x.shape.slice(-2)];
    const full = `${x.shape}` === `${shape}` ? x : tf.broadcastTo(x, shape);
    return tf.reshape(full, [-1, ...x.shape.slice(-2)]);
  };
  return tf.reshape(tf.matMul(spread(a), spread(b)), [...batch, a.shape.at(-2)!, b.shape.at(-1)!]);
}

export const products: Operators = { Gemm: gemm, MatMul: matmul };
