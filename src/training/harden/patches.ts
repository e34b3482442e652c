/** What one element of a code stands for: a patch of the activation, over all of its channels. */
import { asFloat32, fromHalves, sizeOf, type Tensor } from '../../model/index.ts';
import type { ChannelScale } from './scale.ts';
import type { CodeShape, Reading } from './shape.ts';

export interface Patch {
  /** Values: channels × height × width; all of a list. */
  readonly size: number;
  readonly height: number;
  readonly width: number;
}

/** Most weights of the linear layer from patches to codes: beyond, the device would carry them for little. */
const mostWeights = 2e6;

export function patchOf({ reading, factor }: Pick<CodeShape, 'reading' | 'factor'>): Patch {
  if (reading.kind === 'list') return { size: reading.size, height: 1, width: 1 };
  const width = reading.kind === 'map' ? factor : 1;
  return { size: reading.channels * factor * width, height: factor, width };
}

export const hasPatches = (code: Pick<CodeShape, 'reading' | 'factor' | 'channels'>): boolean =>
  patchOf(code).size * code.channels <= mostWeights;

/** Of standard deviations. What is silent in the rows that the scale is told by, and speaks later, is not all there is. */
const mostApart = 8;

/**
 * @param features rows [n, …activation], float16 or float32
 * @returns the patches of each row, centred and scaled by channel, zeros beyond the edge: [n × cells, size]
 */
export function patchesOf(features: Tensor, code: CodeShape, scale: ChannelScale): Float32Array {
  const { reading, activation, shape } = code;
  const n = features.shape[0]!;
  const values = features.dtype === 'float16' ? fromHalves(features.data as Uint16Array) : asFloat32(features);
  const area = sizeOf(activation);
  const { size, height, width } = patchOf(code);
  if (reading.kind === 'list') {
    return values.map((v, i) => within((v - scale.mean[i % size]!) / scale.deviation[i % size]!));
  }
  const [rows, columns] = reading.kind === 'map' ? [reading.height, reading.width] : [reading.tokens, 1];
  const [down, across] = shape.slice(1) as [number, number];
  const place = placing(reading, rows, columns);
  const out = new Float32Array(n * down * across * size);
  for (let row = 0; row < n; row++) {
    for (let c = 0; c < reading.channels; c++) {
      const [mean, deviation] = [scale.mean[c]!, scale.deviation[c]!];
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
          const cell = (row * down + Math.floor(y / height)) * across + Math.floor(x / width);
          const inside = (c * height + (y % height)) * width + (x % width);
          out[cell * size + inside] = within((values[row * area + place(c, y, x)]! - mean) / deviation);
        }
      }
    }
  }
  return out;
}

const within = (v: number): number => Math.max(-mostApart, Math.min(v, mostApart));

/** Where a value of a map stands in its row. */
function placing(reading: Exclude<Reading, { kind: 'list' }>, rows: number, columns: number) {
  const isFirst = reading.kind === 'map' && reading.order === 'NCHW';
  return isFirst
    ? (c: number, y: number, x: number) => (c * rows + y) * columns + x
    : (c: number, y: number, x: number) => (y * columns + x) * reading.channels + c;
}
