/** Between pixels and the network's input. */
import { float32, type Tensor } from '../model/tensor.ts';
import type { Preprocessing } from './card.ts';
import type { Pixels } from './dataset.ts';

/**
 * The network's input for these pictures: (pixel/255 − mean) / std, float32,
 * [n, channels, height, width] or, with layout NHWC, [n, height, width, channels].
 */
export function preprocess(pixels: Pixels, preprocessing: Preprocessing): Tensor {
  const { channels, height, width } = preprocessing;
  if (pixels.channels !== channels || pixels.height !== height || pixels.width !== width) {
    const [has, wants] = [pixels, preprocessing].map((s) => `${s.channels}×${s.height}×${s.width}`);
    throw new RangeError(`pictures are ${has}, the network takes ${wants}`);
  }
  const tables = tablesOf(preprocessing);
  const out = new Float32Array(pixels.data.length);
  eachPlane(pixels.count, preprocessing, (nchw, at, stride, c) => {
    const table = tables[c]!;
    for (let i = 0; i < height * width; i++) out[at + i * stride] = table[pixels.data[nchw + i]!]!;
  });
  return float32(out, inputShape(pixels.count, preprocessing));
}

const known = new WeakMap<Preprocessing, readonly Float32Array[]>();

/** A byte has 256 values: one table a channel instead of arithmetic for each of some ten million pixels. */
function tablesOf(preprocessing: Preprocessing): readonly Float32Array[] {
  const before = known.get(preprocessing);
  if (before) return before;
  const { channels, mean, std } = preprocessing;
  const tables = Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean[c]!) / std[c]!),
  );
  known.set(preprocessing, tables);
  return tables;
}

/** Pixels as numbers in [0, 1], NCHW: the truth that metrics compare with. */
export function unitPixels(pixels: Pixels): Float32Array {
  return Float32Array.from(pixels.data, (byte) => byte / 255);
}

/** As `preprocess`, from pixels in [0, 1], NCHW. */
export function normalise(unit: Float32Array, count: number, preprocessing: Preprocessing): Tensor {
  const { height, width, mean, std } = preprocessing;
  const out = new Float32Array(unit.length);
  eachPlane(count, preprocessing, (nchw, at, stride, c) => {
    const [m, s] = [mean[c]!, std[c]!];
    for (let i = 0; i < height * width; i++) out[at + i * stride] = (unit[nchw + i]! - m) / s;
  });
  return float32(out, inputShape(count, preprocessing));
}

/** The inverse of `normalise`, clipped to [0, 1]: what a network's input looks like. NCHW whatever the layout. */
export function toPixels(tensor: Tensor, preprocessing: Preprocessing): Float32Array {
  if (!(tensor.data instanceof Float32Array)) throw new TypeError(`expected float32, got ${tensor.dtype}`);
  const { data } = tensor;
  const { height, width, mean, std } = preprocessing;
  const out = new Float32Array(data.length);
  eachPlane(tensor.shape[0] ?? 0, preprocessing, (nchw, at, stride, c) => {
    const [m, s] = [mean[c]!, std[c]!];
    for (let i = 0; i < height * width; i++) out[nchw + i] = Math.min(1, Math.max(0, data[at + i * stride]! * s + m));
  });
  return out;
}

/** The shape of the network's input for so many pictures. */
export function inputShape(count: number, { layout, channels, height, width }: Preprocessing): number[] {
  return layout === 'NCHW' ? [count, channels, height, width] : [count, height, width, channels];
}

/** Calls with where each plane of one colour begins, in NCHW and in the network's layout, and how far its pixels are apart. */
function eachPlane(
  count: number,
  p: Preprocessing,
  call: (nchw: number, at: number, stride: number, channel: number) => void,
): void {
  const area = p.height * p.width;
  for (let n = 0; n < count; n++) {
    for (let c = 0; c < p.channels; c++) {
      const nchw = (n * p.channels + c) * area;
      if (p.layout === 'NCHW') call(nchw, nchw, 1, c);
      else call(nchw, n * area * p.channels + c, p.channels, c);
    }
  }
}
