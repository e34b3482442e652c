import { attrInt } from '../../../model/graph.ts';
import { fromHalves, toHalves } from '../../../model/half.ts';
import { dtypeOf } from '../../../model/onnx/dtype.ts';
import type { DType } from '../../../model/tensor.ts';
import { type Call, input, type Operators, type Typed, tensor, unsupported } from '../call.ts';
import type { TfTensor } from '../library.ts';
import { heldAs } from '../value.ts';

/** Towards zero, from float to integer. */
function castTo(call: Call, dtype: DType): Typed {
  const { tf } = call;
  const x = tensor(call, 0);
  const held = heldAs(dtype);
  if (dtype === 'float16') return { dtype, tensor: roundedToHalf(call, tf.cast(x, held)) };
  if (dtype === 'bfloat16') unsupported('a cast to bfloat16');
  if (dtype === 'uint8' || dtype === 'int8') return { dtype, tensor: wrapped(call, x, dtype) };
  return { dtype, tensor: x.dtype === held ? tf.clone(x) : tf.cast(x, held) };
}

/** What float16 cannot hold is lost here and now, not only when the tensor leaves the engine. */
function roundedToHalf({ tf }: Call, x: TfTensor): TfTensor {
  return tf.tensor(fromHalves(toHalves(Float32Array.from(x.dataSync()))), x.shape, 'float32');
}

function wrapped({ tf }: Call, x: TfTensor, dtype: 'int8' | 'uint8'): TfTensor {
  const whole = tf.cast(x, 'int32');
  if (dtype === 'uint8') return tf.mod(whole, tf.scalar(256, 'int32'));
  return tf.sub(tf.mod(tf.add(whole, tf.scalar(128, 'int32')), tf.scalar(256, 'int32')), tf.scalar(128, 'int32'));
}

export const casts: Operators = {
  Cast: (call) => {
    const to = attrInt(call.node, 'to', 0);
    return castTo(call, dtypeOf(to) ?? unsupported(`element type ${to}`));
  },
  CastLike: (call) => castTo(call, input(call, 1).dtype),
};
