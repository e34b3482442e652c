/** Quantisation. Rounding has no differences: those of the same function without it are compared. */
import type { Tensor } from '../../../../src/model/tensor.ts';
import type { Draft } from '../draft.ts';
import { product, type Sweep } from '../variant.ts';

const bytes = (shape: readonly number[], list: readonly number[], signed: boolean): Tensor => ({
  dtype: signed ? 'int8' : 'uint8',
  shape,
  data: signed ? Int8Array.from(list) : Uint8Array.from(list),
});

/** One scale, or one for each index of an axis. Nothing saturates at ±2. */
const quantize = product(
  [10, 13, 19, 21, 22],
  { axis: [undefined, 0, 1, -1], zero: ['none', 'unsigned', 'signed'], constant: [true] },
  ({ opset, axis, zero }) => {
    if (axis !== undefined && opset < 13) return undefined;
    const count = axis === undefined ? 1 : axis === 0 ? 2 : 4;
    const shape = axis === undefined ? [] : [count];
    const attributes = axis === undefined ? {} : { axis };
    const parameters = (s: Draft) => {
      const scale = s.single(
        Array.from({ length: count }, (_, i) => 0.05 + i / 100),
        shape,
      );
      const zeros = new Array<number>(count).fill(zero === 'signed' ? -3 : zero === 'none' ? 0 : 120);
      return zero === 'none' ? [scale] : [scale, s.constant(bytes(shape, zeros, zero === 'signed'))];
    };
    // Without a zero point everything below 0 saturates.
    const low = zero === 'none' ? 0.2 : -2;
    return {
      write: (s) => {
        const p = parameters(s);
        s.node(
          'DequantizeLinear',
          [s.inner('QuantizeLinear', [s.real([2, 4], low, 2), ...p], attributes), ...p],
          attributes,
        );
      },
      twin: (s) => s.node('Identity', [s.real([2, 4], low, 2)]),
    };
  },
);

/** With respect to the scale it is linear. */
const dequantize = product(
  [10, 13, 19, 22],
  { axis: [undefined, 0, 1, -1], zero: [false, true], signed: [false, true] },
  (c) => {
    if (c.axis !== undefined && c.opset < 13) return undefined;
    const count = c.axis === undefined ? 1 : c.axis === 0 ? 2 : 3;
    const shape = c.axis === undefined ? [] : [count];
    return {
      single: true,
      write: (s) => {
        const x = s.constant(bytes([2, 3], [1, 5, 9, 14, 20, 33], c.signed));
        const zero = s.constant(
          bytes(
            shape,
            Array.from({ length: count }, (_, i) => i + 3),
            c.signed,
          ),
        );
        const inputs = [x, s.real(shape, 0.1, 0.5), ...(c.zero ? [zero] : [])];
        s.node('DequantizeLinear', inputs, c.axis === undefined ? {} : { axis: c.axis });
      },
    };
  },
);

const dynamic = product([11, 22], { shape: [[6], [2, 3]] }, ({ shape }) => ({
  write: (s) => {
    const [y, scale, zero] = s.inners('DynamicQuantizeLinear', [s.real(shape)], {}, ['q', 'scale', 'zero']);
    s.node('DequantizeLinear', [y!, scale!, zero!]);
  },
  twin: (s) => s.node('Identity', [s.real(shape)]),
}));

export const quantization: Sweep = {
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamic,
  QuantizeLinear: quantize,
};
