/**
 * Which pictures are understood, and which of their values are black and white: what is not known is refused, since a
 * picture read by the wrong measure comes out black, and a black picture scores as well hidden.
 */
import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { CutlineError } from '../errors.ts';
import type { ImageSize } from './split.ts';
import { tiffSamples } from './tiff.ts';

/** A 100-megapixel picture unpacks to 300 MB. */
const MAX_PIXELS = 100_000_000;
/** Floats take four times the room. */
const MAX_FLOAT_PIXELS = MAX_PIXELS / 4;
/** Sixteen bits that reach no further hold twelve or fewer: as dark as 15 of 255, and hardly meant so. */
const TWELVE_BITS = 4095;

export interface Understood extends ImageSize {
  /** From 0, black, to 1, white. Whole numbers otherwise, which libvips scales. */
  readonly isFloat: boolean;
  /** libvips takes it for linear light. */
  readonly isLinear: boolean;
  /** The last channel is no transparency. */
  readonly hasMask: boolean;
}

export async function openPicture(bytes: Uint8Array, extra: SharpOptions = {}): Promise<Sharp> {
  const { default: sharp } = await import('sharp');
  return sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', pages: 1, ...extra });
}

/**
 * Height and width are those after orientation, channels those without alpha.
 * @throws CutlineError NOT_AN_IMAGE, IMAGE_TOO_LARGE, IMAGE_VALUES
 */
export async function understand(bytes: Uint8Array, path: string): Promise<Understood> {
  checkMagic(bytes, path);
  const tiff = tiffSamples(bytes);
  if (tiff?.problem !== undefined) throw new CutlineError('IMAGE_VALUES', { path, problem: tiff.problem });
  try {
    const found = await (await openPicture(bytes, { limitInputPixels: false })).metadata();
    await checkValues(bytes, found, path);
    const { width, height } = found.autoOrient;
    return {
      // Two channels are grey with alpha; four are colour with alpha, or CMYK.
      channels: found.channels <= 2 ? 1 : 3,
      height,
      width,
      isFloat: found.depth === 'float',
      isLinear: found.space === 'scrgb',
      hasMask: tiff?.hasMask ?? false,
    };
  } catch (error) {
    throw notAnImage(path, error);
  }
}

async function checkValues(bytes: Uint8Array, found: Metadata, path: string): Promise<void> {
  const { depth, space, width, height, format } = found;
  const limit = depth === 'float' ? MAX_FLOAT_PIXELS : MAX_PIXELS;
  if (width * height > limit) throw new CutlineError('IMAGE_TOO_LARGE', { path, width, height, limit });
  if (depth !== 'uchar' && depth !== 'ushort' && depth !== 'float') {
    throw new CutlineError('IMAGE_VALUES', { path, problem: `its samples are of type ${depth}` });
  }
  // AVIF says how many of its bits count, and they are scaled.
  if (depth === 'ushort' && (format === 'tiff' || format === 'png') && space !== 'cmyk') {
    const { channels } = await (await openPicture(bytes)).stats();
    const highest = Math.max(...channels.slice(0, found.channels <= 2 ? 1 : 3).map((c) => c.max));
    if (highest > 0 && highest <= TWELVE_BITS) {
      const problem = `its samples have 16 bits, and the highest is ${highest} of 65535`;
      throw new CutlineError('IMAGE_VALUES', { path, problem });
    }
  }
}

/** libvips' complaint about a picture, in its first line. */
export function notAnImage(path: string, error: unknown): CutlineError {
  if (error instanceof CutlineError) return error;
  const problem = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
  return new CutlineError('NOT_AN_IMAGE', { path, problem }, { cause: error });
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
