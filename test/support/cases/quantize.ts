import { float32, scalar, type Tensor } from '../../../src/model/tensor.ts';
import type { CaseGenerator, Sketch } from './sketch.ts';

/** Scales are powers of two: the division is exact in float32 and float64 alike, so ties round alike. */
function parameters(s: Sketch, shape: readonly number[], dtype: 'int8' | 'uint8') {
  const bytes = dtype === 'int8' ? Int8Array : Uint8Array;
  const zeroPoint = (n: number, shape: number[]): Tensor => ({
    dtype,
    shape,
    data: bytes.from(s.ints(n, dtype === 'int8' ? -20 : 0, 100)),
  });
  if (s.bool()) return { scale: scalar(2 ** -s.int(3, 6)), zero: zeroPoint(1, []), attributes: {} };
  const axis = s.int(0, shape.length - 1);
  const n = shape[axis]!;
  const scale = float32(
    s.ints(n, 3, 6).map((e) => 2 ** -e),
    [n],
  );
  return { scale, zero: zeroPoint(n, [n]), attributes: { axis } };
}

const quantize: CaseGenerator = (s) => {
  const shape = s.shape(1, 4);
  const { scale, zero, attributes } = parameters(s, shape, s.pick(['int8', 'uint8'] as const));
  s.node('QuantizeLinear', [s.real(shape, -4, 4), s.initializer(scale), s.initializer(zero)], attributes);
};

const dequantize: CaseGenerator = (s) => {
  const shape = s.shape(1, 4);
  const dtype = s.pick(['int8', 'uint8'] as const);
  const { scale, zero, attributes } = parameters(s, shape, dtype);
  s.node('DequantizeLinear', [s.bytes(shape, dtype), s.initializer(scale), s.initializer(zero)], attributes);
};

/** Scales that are weights, or fed. */
const dequantizeScaled: CaseGenerator = (s) => {
  const shape = s.shape(1, 4);
  const axis = s.int(0, shape.length - 1);
  const scale = s.pick([[], [shape[axis]!]]);
  const zero = s.initializer({ dtype: 'uint8', shape: scale, data: new Uint8Array(scale[0] ?? 1).fill(7) });
  s.node('DequantizeLinear', [s.bytes(shape, 'uint8'), s.real(scale, 0.25, 1), zero], { axis });
};

const dynamic: CaseGenerator = (s) => s.node('DynamicQuantizeLinear', [s.real(s.shape(1, 4))], {}, 3);

export const quantizeCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  QuantizeLinear: [quantize],
  DequantizeLinear: [dequantize, dequantizeScaled],
  DynamicQuantizeLinear: [dynamic],
};
