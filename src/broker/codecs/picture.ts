/**
 * The picture itself as JPEG, PNG or WebP: what sending everything to the cloud costs in earnest. Only of one picture of one or three
 * channels. What pixels mean for the network travels along, so that the reader needs nothing else:
 *
 *     layout u8 (0: NCHW, 1: NHWC) | channels u8 | bytes of the file u32 | mean f64, std f64 of each channel | file | zeros
 *
 * little-endian, and x = (pixel / 255 − mean) / std as in `preprocess`. The zeros are padding (padding.ts): a file's length tells of
 * what is in it.
 */
import type { FormatEnum } from 'sharp';
import { CutlineError } from '../../errors.ts';
import { sizeOf, type Tensor } from '../../model/tensor.ts';
import { type Encoding, float32sOf, type PixelLaw } from './encoding.ts';
import { padded, paddedLength, requirePadding } from './padding.ts';

type Format = 'jpeg' | 'png' | 'webp';

/** Quality of what loses: as cameras and web pages have it. */
const quality = 85;
const options = { jpeg: { quality }, png: { compressionLevel: 6 }, webp: { quality } } as const;

/** A file may be larger than its pixels, and holds tables beside them. */
const mostBytes = (shape: readonly number[]): number => paddedLength(headerBytes(3) + 2 * sizeOf(shape) + 4096);
const headerBytes = (channels: number): number => 6 + 16 * channels;

interface Extents {
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export function pictureEncoding(name: Format): Encoding {
  return {
    name,
    varies: true,
    carries: (dtype) => dtype === 'float32',
    bits: ({ shape }) => 8 * mostBytes(shape),
    async write(tensor, where, pixels) {
      const unfit = (problem: string) => new CutlineError('CODEC_RANGE', { tensor: where, codec: name, problem });
      const extents = extentsOf(tensor.shape, pixels?.layout);
      if (!extents) throw unfit(`[${tensor.shape}] is no picture of one or three channels`);
      const law = pixels ?? ownLaw(tensor, extents);
      if (!law) throw unfit('NaN or infinity');
      const file = await written(name, bytesOf(tensor, extents, law), extents);
      const { channels, layout } = extents;
      const data = new Uint8Array(headerBytes(channels) + file.length);
      const view = new DataView(data.buffer);
      view.setUint8(0, layout === 'NCHW' ? 0 : 1);
      view.setUint8(1, channels);
      view.setUint32(2, file.length, true);
      for (let c = 0; c < channels; c++) {
        view.setFloat64(6 + 16 * c, law.mean[c]!, true);
        view.setFloat64(14 + 16 * c, law.std[c]!, true);
      }
      data.set(file, headerBytes(channels));
      return { data: padded(data), scale: 0, zeroPoint: 0 };
    },
    async read(data, { shape }, where) {
      const invalid = (problem: string, cause?: unknown) =>
        new CutlineError('TENSOR_INVALID', { tensor: where, problem }, { cause });
      if (data.length < headerBytes(1)) throw invalid('no picture');
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const layout = view.getUint8(0) === 0 ? 'NCHW' : 'NHWC';
      const channels = view.getUint8(1);
      const extents = extentsOf(shape, layout);
      const from = headerBytes(channels);
      const end = from + view.getUint32(2, true);
      if (view.getUint8(0) > 1 || extents?.channels !== channels || end > data.length) {
        throw invalid(`a picture of ${channels} channels does not fit [${shape}]`);
      }
      requirePadding(data, end, where);
      const mean = Array.from({ length: channels }, (_, c) => view.getFloat64(6 + 16 * c, true));
      const std = Array.from({ length: channels }, (_, c) => view.getFloat64(14 + 16 * c, true));
      if (![...mean, ...std].every(Number.isFinite) || std.includes(0)) throw invalid('a picture without a scale');
      const pixels = await readBack(name, data.subarray(from, end), extents).catch((cause) => {
        throw invalid(`no ${name} of ${extents.width}×${extents.height}`, cause);
      });
      return floatsOf(pixels, extents, { layout, mean, std });
    },
  };
}

/** Of one picture; undefined where it is none. Which axis holds the channels is the plan's to say, and else where there are 1 or 3. */
function extentsOf(shape: readonly number[], layout?: PixelLaw['layout']): Extents | undefined {
  if (shape.length !== 4 || shape[0] !== 1 || sizeOf(shape) === 0) return undefined;
  const isCount = (n: number | undefined) => n === 1 || n === 3;
  const chosen = layout ?? (isCount(shape[1]) ? 'NCHW' : 'NHWC');
  const [channels, height, width] = (chosen === 'NCHW' ? [1, 2, 3] : [3, 1, 2]).map((i) => shape[i]!) as [
    number,
    number,
    number,
  ];
  return isCount(channels) ? { layout: chosen, channels, height, width } : undefined;
}

/** Where nobody says what pixels are: each channel from its least to its greatest value. */
function ownLaw(tensor: Tensor, extents: Extents): PixelLaw | undefined {
  const values = float32sOf(tensor);
  const low = new Array<number>(extents.channels).fill(Number.POSITIVE_INFINITY);
  const high = new Array<number>(extents.channels).fill(Number.NEGATIVE_INFINITY);
  eachPixel(extents, (at, c) => {
    low[c] = Math.min(low[c]!, values[at]!);
    high[c] = Math.max(high[c]!, values[at]!);
  });
  // A channel of one value is as wide as it likes.
  const width = low.map((v, c) => high[c]! - v || 1);
  if (![...low, ...width].every(Number.isFinite)) return undefined;
  return { layout: extents.layout, mean: low.map((v, c) => -v / width[c]!), std: width.map((v) => 1 / v) };
}

/** Pixels as sharp takes them: interleaved. */
function bytesOf(tensor: Tensor, extents: Extents, { mean, std }: PixelLaw): Buffer {
  const values = float32sOf(tensor);
  const out = new Uint8ClampedArray(values.length);
  eachPixel(extents, (at, c, pixel) => {
    out[pixel] = 255 * (values[at]! * std[c]! + mean[c]!);
  });
  return Buffer.from(out.buffer);
}

function floatsOf(pixels: Uint8Array, extents: Extents, { mean, std }: PixelLaw): Float32Array {
  const out = new Float32Array(pixels.length);
  eachPixel(extents, (at, c, pixel) => {
    out[at] = (pixels[pixel]! / 255 - mean[c]!) / std[c]!;
  });
  return out;
}

function eachPixel(
  { layout, channels, height, width }: Extents,
  call: (at: number, channel: number, pixel: number) => void,
): void {
  const area = height * width;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) {
      const pixel = i * channels + c;
      call(layout === 'NCHW' ? c * area + i : pixel, c, pixel);
    }
  }
}

async function written(format: Format, pixels: Buffer, { channels, height, width }: Extents): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const picture = sharp(pixels, { raw: { width, height, channels: channels as 1 | 3 } });
  const grey = channels === 1 ? picture.toColourspace('b-w') : picture;
  return grey.toFormat(format as keyof FormatEnum, options[format]).toBuffer();
}

/** Its pixels, interleaved; rejects for whatever is no such picture, before it takes more room than the shape promises. */
async function readBack(format: Format, file: Uint8Array, { channels, height, width }: Extents): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  const picture = sharp(file, { limitInputPixels: width * height, failOn: 'warning' });
  const about = await picture.metadata();
  if (about.format !== format || about.width !== width || about.height !== height || (about.pages ?? 1) > 1) {
    throw new RangeError(`${about.format} of ${about.width}×${about.height}`);
  }
  const plain = channels === 1 ? picture.toColourspace('b-w') : picture.removeAlpha().toColourspace('srgb');
  const { data, info } = await plain.raw().toBuffer({ resolveWithObject: true });
  // Grey that the format only knows as colour: every channel is the same.
  if (channels === 1 && info.channels === 3) return data.filter((_, i) => i % 3 === 0);
  if (info.channels !== channels || data.length !== width * height * channels) throw new RangeError('other channels');
  return data;
}
