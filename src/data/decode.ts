/**
 * Pictures to pixels, the same way everywhere: in training, audits and on the device.
 *
 * The rule: EXIF orientation is applied; transparency is laid on black; of several frames or pages the first is taken; a
 * picture of another size is scaled, keeping its aspect, until it just covers the size asked for (antialiased bilinear,
 * as torchvision does), and the middle is cut out; colour becomes grey by ITU-R BT.601 luma (.299 R + .587 G + .114 B,
 * as Pillow does), grey becomes three equal channels. Which values are black and white is `understand`'s to say.
 */
import type { Sharp } from 'sharp';
import { CutlineError } from '../errors.ts';
import { readBounded } from '../files.ts';
import type { Pixels } from './dataset.ts';
import { floatsToBytes } from './floats.ts';
import type { ImageSize } from './split.ts';
import { notAnImage, openPicture, type Understood, understand } from './understand.ts';

/** Larger files than any camera writes are refused before they are read. */
export const MAX_IMAGE_BYTES = 64 << 20;

export interface DecodeOptions extends ImageSize {
  /** Refuse a picture whose channels (without alpha) are not the ones asked for, instead of converting it. */
  readonly strictChannels?: boolean;
}

/**
 * One picture of the size asked for, from a file or the bytes of one.
 * @param label names the bytes in errors
 * @throws CutlineError FILE_*, LINK_BROKEN, NOT_AN_IMAGE, IMAGE_TOO_LARGE, IMAGE_VALUES, IMAGE_CHANNELS
 */
export async function decodeImage(
  image: string | Uint8Array,
  options: DecodeOptions,
  label = 'the picture',
): Promise<Pixels> {
  const path = typeof image === 'string' ? image : label;
  const bytes = typeof image === 'string' ? await readBounded(image, MAX_IMAGE_BYTES) : image;
  const understood = await understand(bytes, path);
  if (options.strictChannels && understood.channels !== options.channels) {
    throw new CutlineError('IMAGE_CHANNELS', { path, found: understood.channels, wanted: options.channels });
  }
  try {
    return await toPixels(await upright(bytes, understood, path), options);
  } catch (error) {
    throw notAnImage(path, error);
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
    const raw = await openPicture(interleaved, { raw: { width: pixels.width, height: pixels.height, channels: 3 } });
    out.set((await toPixels(raw, size)).data, n * perImage);
  }
  return { count: pixels.count, channels: size.channels, height: size.height, width: size.width, data: out };
}

/** Height and width as they will be after orientation, and channels without alpha. @throws as `decodeImage` */
export async function imageSize(path: string): Promise<ImageSize> {
  const { channels, height, width } = await understand(await readBounded(path, MAX_IMAGE_BYTES), path);
  return { channels, height, width };
}

async function upright(bytes: Uint8Array, understood: Understood, path: string): Promise<Sharp> {
  const image = (await openPicture(bytes)).autoOrient();
  if (understood.isFloat) {
    const { data, raw } = await floatsToBytes(image, understood, path);
    return openPicture(data, { raw });
  }
  // What is beside the colours and no transparency says nothing about them.
  return (understood.hasMask ? image.removeAlpha() : image.flatten({ background: '#000' })).toColourspace('srgb');
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
