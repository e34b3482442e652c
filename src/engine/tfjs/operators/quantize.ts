import { attrInt } from '../../../model/graph.ts';
import type { DType } from '../../../model/tensor.ts';
import { type Call, input, type Operators, positiveAxis, tensor, unsupported } from '../call.ts';
import type { TfTensor } from '../library.ts';

const limits: Partial<Record<DType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** A scalar, or one value along `axis`, as float32 that broadcasts against x. */
function alongAxis(call: Call, i: number, rank: number): TfTensor {
  const { tf } = call;
  const t = tf.cast(tensor(call, i), 'float32');
  if (t.size === 1) return tf.reshape(t, []);
  if (t.rank !== 1) unsupported('quantisation in blocks');
  const axis = positiveAxis(attrInt(call.node, 'axis', 1), rank);
  return tf.reshape(
    t,
    Array.from({ length: rank }, (_, d) => (d === axis ? t.size : 1)),
  );
}

export const quantization: Operators = {
  QuantizeLinear: (call) => {
    const { tf } = call;
    const x = tensor(call, 0);
    const dtype = call.inputs[2]?.dtype ?? 'uint8';
    const [low, high] = limits[dtype] ?? unsupported(`quantisation to ${dtype}`);
    const levels = tf.round(tf.div(x, alongAxis(call, 1, x.rank)));
    const moved = call.inputs[2] ? tf.add(levels, alongAxis(call, 2, x.rank)) : levels;
    return { dtype, tensor: tf.cast(tf.clipByValue(moved, low, high), 'int32') };
  },

  /** Outputs: 8-bit levels, scale, zero point. */
  DynamicQuantizeLinear: (call) => {
    const { tf } = call;
    const x = tensor(call, 0);
    const low = tf.minimum(tf.min(x), 0);
    const scale = tf.div(tf.sub(tf.maximum(tf.max(x), 0), low), 255);
    const zero = tf.clipByValue(tf.round(tf.neg(tf.div(low, scale))), 0, 255);
    const levels = tf.clipByValue(tf.add(tf.round(tf.div(x, scale)), zero), 0, 255);
    const bytes = (t: TfTensor) => ({ dtype: 'uint8', tensor: tf.cast(t, 'int32') }) as const;
    return [bytes(levels), scale, bytes(zero)];
  },

  DequantizeLinear: (call) => {
    const { tf } = call;
    const x = tf.cast(tensor(call, 0), 'float32');
    const moved = call.inputs[2] ? tf.sub(x, alongAxis(call, 2, x.rank)) : x;
    return { dtype: input(call, 1).dtype, tensor: tf.mul(moved, alongAxis(call, 1, x.rank)) };
  },
};
