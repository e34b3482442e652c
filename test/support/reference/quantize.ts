import { attrInt } from '../../../src/model/graph.ts';
import type { DType } from '../../../src/model/tensor.ts';
import { type Call, type Operators, required, unsupported } from './call.ts';
import { roundHalfToEven } from './half.ts';
import { type Index, positiveAxis, tabulate, type Value } from './value.ts';

const limits: Partial<Record<DType, readonly [low: number, high: number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

export const quantization: Operators = {
  /** y = saturate(round(x / scale) + zero point), per tensor or per axis. */
  QuantizeLinear: (call) => {
    const x = required(call, 0);
    const { scale, zero, dtype } = parameters(call, x, 'uint8');
    const [low, high] = limits[dtype] ?? unsupported(call, dtype);
    return tabulate(dtype, x.shape, (index, i) =>
      Math.min(Math.max(roundHalfToEven(x.data[i]! / scale(index)) + zero(index), low), high),
    );
  },

  /** To uint8, with the scale and zero point that make the range of x and zero just fit. */
  DynamicQuantizeLinear: (call) => {
    const x = required(call, 0);
    const [low, high] = [Math.min(0, ...x.data), Math.max(0, ...x.data)];
    const scale = (high - low) / 255;
    const saturate = (v: number) => Math.min(Math.max(v, 0), 255);
    const zero = saturate(roundHalfToEven(-low / scale));
    return [
      tabulate('uint8', x.shape, (_, i) => saturate(roundHalfToEven(x.data[i]! / scale) + zero)),
      tabulate('float32', [], () => scale),
      tabulate('uint8', [], () => zero),
    ];
  },

  /** y = (x − zero point) · scale. */
  DequantizeLinear: (call) => {
    const x = required(call, 0);
    const { scale, zero } = parameters(call, x, x.dtype);
    return tabulate(required(call, 1).dtype, x.shape, (index, i) => (x.data[i]! - zero(index)) * scale(index));
  },
};

function parameters(call: Call, x: Value, fallback: DType) {
  if (attrInt(call.node, 'block_size', 0) !== 0) unsupported(call, 'blocks');
  const scales = required(call, 1);
  const zeros = call.inputs[2];
  const perAxis = scales.data.length > 1;
  const axis = perAxis ? positiveAxis(attrInt(call.node, 'axis', 1), x.shape.length) : 0;
  const where = (index: Index) => (perAxis ? index[axis]! : 0);
  return {
    scale: (index: Index) => scales.data[where(index)]!,
    zero: (index: Index) => zeros?.data[where(index)] ?? 0,
    dtype: zeros?.dtype ?? fallback,
  };
}
