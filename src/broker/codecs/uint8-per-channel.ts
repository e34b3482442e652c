/**
 * Affine bytes, a scale and a zero point for each index of the second axis: channels differ in range by an order of magnitude, and
 * one range for all spends its levels on the widest (Krishnamoorthi 2018, §3.1.1). Of tensors of fewer than three axes there is one
 * range. First the ranges, 5 bytes each (float32, then uint8), then the elements in their order.
 */
import { affineOf, quantised, requireAffine } from './affine.ts';
import { type Encoding, float32sOf } from './encoding.ts';

const levels = 256;
const name = 'uint8-per-channel';
const RANGE_BYTES = 5;

/** Rows of so many channels of so many elements. */
function measures(shape: readonly number[]): { readonly channels: number; readonly area: number } {
  if (shape.length < 3) return { channels: 1, area: shape.reduce((n, d) => n * d, 1) };
  return { channels: shape[1]!, area: shape.slice(2).reduce((n, d) => n * d, 1) };
}

export const uint8PerChannel: Encoding = {
  name,
  carries: (dtype) => dtype === 'float32',
  bits: ({ shape }) => 8 * (shape.reduce((n, d) => n * d, 1) + RANGE_BYTES * measures(shape).channels),
  write(tensor, where) {
    const values = float32sOf(tensor);
    const { channels, area } = measures(tensor.shape);
    const data = new Uint8Array(values.length + RANGE_BYTES * channels);
    const view = new DataView(data.buffer);
    const row = channels * area;
    const rows = row === 0 ? 0 : values.length / row;
    for (let c = 0; c < channels; c++) {
      const own = new Float32Array(rows * area);
      for (let r = 0; r < rows; r++) own.set(values.subarray(r * row + c * area, r * row + (c + 1) * area), r * area);
      const affine = affineOf(own, levels, name, where);
      view.setFloat32(RANGE_BYTES * c, affine.scale, true);
      view.setUint8(RANGE_BYTES * c + 4, affine.zeroPoint);
      const q = quantised(own, affine, levels);
      for (let r = 0; r < rows; r++)
        data.set(q.subarray(r * area, (r + 1) * area), RANGE_BYTES * channels + r * row + c * area);
    }
    return { data, scale: 0, zeroPoint: 0 };
  },
  read(data, { shape }, where) {
    const { channels, area } = measures(shape);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const from = RANGE_BYTES * channels;
    const values = new Float32Array(data.length - from);
    for (let c = 0; c < channels; c++) {
      const affine = { scale: view.getFloat32(RANGE_BYTES * c, true), zeroPoint: view.getUint8(RANGE_BYTES * c + 4) };
      requireAffine(affine, levels, where);
      for (let first = c * area; first < values.length; first += channels * area) {
        for (let i = first; i < first + area; i++) values[i] = affine.scale * (data[from + i]! - affine.zeroPoint);
      }
    }
    return values;
  },
};
