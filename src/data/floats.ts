/** Pictures whose samples are floats from 0, black, to 1, white. */
import type { Sharp } from 'sharp';
import { CutlineError } from '../errors.ts';
import type { Understood } from './understand.ts';

export interface Interleaved {
  readonly data: Uint8Array;
  readonly raw: { readonly width: number; readonly height: number; readonly channels: 3 };
}

/**
 * Bytes of red, green and blue, transparency laid on black. Samples are taken as bytes divided by 255, as programs for
 * arrays write them: no curve is applied.
 * @throws CutlineError IMAGE_VALUES
 */
export async function floatsToBytes(image: Sharp, understood: Understood, path: string): Promise<Interleaved> {
  // Told that it is linear already, libvips applies no curve.
  const plain = understood.isLinear ? image.pipelineColourspace('scrgb').toColourspace('scrgb') : image;
  const { data, info } = await plain.raw({ depth: 'float' }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const samples = new Float32Array(Uint8Array.from(data).buffer);
  const hasAlpha = channels === 4 && !understood.hasMask;
  const bytes = new Uint8Array(3 * width * height);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * channels;
    const opacity = hasAlpha ? samples[at + 3]! : 1;
    for (let c = 0; c < 3; c++) {
      const value = samples[at + c]!;
      if (Number.isNaN(value)) throw unknownRange(path, 'has samples that are no numbers');
      if (value < low) low = value;
      if (value > high) high = value;
      bytes[3 * pixel + c] = Math.round(255 * value * opacity);
    }
    if (!(opacity >= 0 && opacity <= 1)) throw unknownRange(path, `has an opacity of ${opacity}`);
  }
  if (low < 0 || high > 1) throw unknownRange(path, `has floats from ${shown(low)} to ${shown(high)}`);
  return { data: bytes, raw: { width, height, channels: 3 } };
}

const shown = (value: number) => String(Number(value.toPrecision(4)));

const unknownRange = (path: string, problem: string) =>
  new CutlineError('IMAGE_VALUES', { path, problem: `it ${problem}` });
