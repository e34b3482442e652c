/**
 * Pictures to pixels, the same way everywhere: in training, audits and on the device.
 *
 * The rule: EXIF orientation is applied; transparency is laid on black; a picture of another size is scaled, keeping its
 * aspect, until it just covers the size asked for (antialiased bilinear, as torchvision does), and the middle is cut out;
 * colour becomes grey by ITU-R BT.601 luma (.299 R + .587 G + .114 B, as Pillow does), grey becomes three equal channels.
 */
import type { Sharp, SharpOptions } from 'sharp';
import { CutlineError } from '../errors.ts';
import { readBounded } from '../files.ts';
import type { Pixels } from './dataset.ts';
import type { ImageSize } from './split.ts';

/** Larger files than any camera writes are refused before they are read. */
export const MAX_IMAGE_BYTES = 64 << 20;
/** A 100-megapixel picture unpacks to 300 MB. */
const MAX_INPUT_PIXELS = 100_000_000;

export interface DecodeOptions extends ImageSize {
  /** Refuse a picture whose channels (without alpha) are not the ones asked for, instead of converting it. */
  readonly strictChannels?: boolean;
}

/**
 * One picture of the size asked for, from a file or the bytes of one.
 * @param label names the bytes in errors
 * @throws CutlineError FILE_*, NOT_AN_IMAGE, IMAGE_CHANNELS
 */
export async function decodeImage(
  image: string | Uint8Array,
  options: DecodeOptions,
  label = 'the picture',
): Promise<Pixels> {
  const path = typeof image === 'string' ? image : label;
  const bytes = typeof image === 'string' ? await readBounded(image, MAX_IMAGE_BYTES) : image;
  checkMagic(bytes, path);
  try {
    const { channels } = await (await open(bytes)).metadata();
    // Two channels are grey with alpha; four are colour with alpha, or CMYK.
    const colours = channels <= 2 ? 1 : 3;
    if (options.strictChannels && colours !== options.channels) {
      throw new CutlineError('IMAGE_CHANNELS', { path, found: colours, wanted: options.channels });
    }
    const upright = (await open(bytes)).autoOrient().flatten({ background: '#000' }).toColourspace('srgb');
    return await toPixels(upright, options);
  } catch (error) {
    if (error instanceof CutlineError) throw error;
    throw new CutlineError('NOT_AN_IMAGE', { path, problem: firstLine(error) }, { cause: error });
  }
}

/** Pictures of one size made into pictures of another, by the same rule as files. */
export async function resizePixels(pixels: Pixels, size: ImageSize): Promise<Pixels> {
  const area = pixels.height * pixels.width;
  const out = new Uint8Array(pixels.count * size.channels * size.height * size.width);
  const perImage = out.length / pixels.count;
  for (let n = 0; n < pixels.count; n++) {
    const planes = pixels.data.subarray(n * pixels.channels * area, (n + 1) * pixels.channels * area);
    const interleaved = new Uint8Array(3 * area);
    for (let c = 0; c < 3; c++) {
      const from = (pixels.channels === 3 ? c : 0) * area;
      for (let i = 0; i < area; i++) interleaved[3 * i + c] = planes[from + i]!;
    }
    const raw = await open(interleaved, { raw: { width: pixels.width, height: pixels.height, channels: 3 } });
    out.set((await toPixels(raw, size)).data, n * perImage);
  }
  return { count: pixels.count, channels: size.channels, height: size.height, width: size.width, data: out };
}

/** Height and width as they will be after orientation, and channels without alpha. */
export async function imageSize(path: string): Promise<ImageSize> {
  const bytes = await readBounded(path, MAX_IMAGE_BYTES);
  checkMagic(bytes, path);
  try {
    const { autoOrient, channels } = await (await open(bytes)).metadata();
    return { channels: channels <= 2 ? 1 : 3, height: autoOrient.height, width: autoOrient.width };
  } catch (error) {
    throw new CutlineError('NOT_AN_IMAGE', { path, problem: firstLine(error) }, { cause: error });
  }
}

/**
 * Only formats that are nothing but pixels get as far as a decoder: libvips would also render SVG, which can refer to
 * other files.
 * @throws CutlineError NOT_AN_IMAGE
 */
export function checkMagic(head: Uint8Array, path: string): void {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 16)).toString('latin1');
  const known =
    text.startsWith('\xff\xd8\xff') ||
    text.startsWith('\x89PNG\r\n\x1a\n') ||
    /^GIF8[79]a/.test(text) ||
    /^RIFF.{4}WEBP/s.test(text) ||
    text.startsWith('II*\0') ||
    text.startsWith('MM\0*') ||
    /^.{4}ftypavi[fs]/s.test(text);
  if (!known) {
    const problem = head.length === 0 ? 'the file is empty' : 'it does not start like a picture';
    throw new CutlineError('NOT_AN_IMAGE', { path, problem });
  }
}

async function open(bytes: Uint8Array, extra: SharpOptions = {}): Promise<Sharp> {
  const { default: sharp } = await import('sharp');
  return sharp(bytes, { limitInputPixels: MAX_INPUT_PIXELS, failOn: 'error', pages: 1, ...extra });
}

async function toPixels(image: Sharp, size: ImageSize): Promise<Pixels> {
  const { channels, height, width } = size;
  const { data } = await image
    .resize({ width, height, fit: 'cover', position: 'centre', kernel: 'linear', fastShrinkOnLoad: false })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const area = height * width;
  if (data.length !== 3 * area) throw new Error(`decoded to ${data.length} bytes, wanted ${3 * area}`);
  const out = new Uint8Array(channels * area);
  for (let i = 0; i < area; i++) {
    const [r, g, b] = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!];
    if (channels === 1) {
      out[i] = Math.round((299 * r + 587 * g + 114 * b) / 1000);
    } else {
      out[i] = r;
      out[area + i] = g;
      out[2 * area + i] = b;
    }
  }
  return { count: 1, channels, height, width, data: out };
}

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
