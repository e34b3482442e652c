/**
 * The eighth of each row's elements that is farthest from zero, all others 0: where they are as a bitmap, then their values as IEEE
 * halves. `zeroPoint` is how many a row sends, so that the length does not depend on the picture. A row is an index of the first axis.
 */
import { CutlineError } from '../../errors.ts';
import { fromHalves, sizeOf, toHalves } from '../../model/index.ts';
import { type Encoding, float32sOf, type Layout } from './encoding.ts';

const share = 1 / 8;
const name = 'topk';

export const topk: Encoding = {
  name,
  carries: (dtype) => dtype === 'float32',
  bits(layout, where) {
    const { rows, length, kept } = measuresOf(layout, where);
    return 8 * rows * (Math.ceil(length / 8) + 2 * kept);
  },
  write(tensor, where) {
    const values = float32sOf(tensor);
    const rows = tensor.shape.length === 0 ? 1 : tensor.shape[0]!;
    const length = rows === 0 ? 0 : values.length / rows;
    const kept = Math.ceil(length * share);
    const map = Math.ceil(length / 8);
    const step = map + 2 * kept;
    const data = new Uint8Array(rows * step);
    for (let r = 0; r < rows; r++) {
      const row = values.subarray(r * length, (r + 1) * length);
      const places = farthest(row, kept, where);
      for (const i of places) data[r * step + (i >> 3)]! |= 1 << (i & 7);
      const halves = toHalves(Float32Array.from(places, (i) => row[i]!));
      if (halves.some((h) => (h & 0x7fff) === 0x7c00)) throw refused(where, 'a value beyond ±65504');
      data.set(new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength), r * step + map);
    }
    return { data, scale: 0, zeroPoint: kept };
  },
  read(data, layout, where) {
    const { rows, length, kept } = measuresOf(layout, where);
    const values = new Float32Array(rows * length);
    const map = Math.ceil(length / 8);
    const step = map + 2 * kept;
    for (let r = 0; r < rows; r++) {
      const row = data.subarray(r * step, (r + 1) * step);
      // A copy: halves have to stand at even places.
      const sent = fromHalves(new Uint16Array(Uint8Array.from(row.subarray(map)).buffer));
      let k = 0;
      for (let i = 0; i < 8 * map; i++) {
        if ((row[i >> 3]! & (1 << (i & 7))) === 0) continue;
        if (i >= length || k >= kept) throw invalid(where, 'more places than elements');
        values[r * length + i] = sent[k++]!;
      }
      if (k !== kept) throw invalid(where, `${k} places for ${kept} elements`);
    }
    return values;
  },
};

/** Places of those farthest from zero, in order; of equals the first. */
function farthest(row: Float32Array, kept: number, where: string): number[] {
  const sizes = row.map(Math.abs);
  if (!sizes.every(Number.isFinite)) throw refused(where, 'NaN or infinity');
  const least = kept === 0 ? 0 : sizes.toSorted().at(-kept)!;
  const above = sizes.reduce((n, v) => n + Number(v > least), 0);
  let equals = kept - above;
  const places: number[] = [];
  for (const [i, v] of sizes.entries()) {
    if (v > least || (v === least && equals > 0)) {
      if (v === least) equals--;
      places.push(i);
    }
  }
  return places;
}

const refused = (tensor: string, problem: string): CutlineError =>
  new CutlineError('CODEC_RANGE', { tensor, codec: name, problem });

function measuresOf({ shape, zeroPoint: kept }: Layout, where: string) {
  // Of nothing there are no rows, however many a stranger announces.
  const rows = sizeOf(shape) === 0 ? 0 : (shape[0] ?? 1);
  const length = rows === 0 ? 0 : sizeOf(shape) / rows;
  if (kept < Math.min(1, length) || kept > length) throw invalid(where, `${kept} elements of ${length} a row`);
  return { rows, length, kept };
}

const invalid = (tensor: string, problem: string): CutlineError =>
  new CutlineError('TENSOR_INVALID', { tensor, problem });
