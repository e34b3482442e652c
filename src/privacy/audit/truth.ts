/** Whose pictures are attacked, and among whose they are looked for: chosen and read before any attack. */
import { createHash } from 'node:crypto';
import { type Dataset, type Pixels, preprocess, unitPixels, victims } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import type { Tensor } from '../../model/index.ts';
import { baseline, createGallery, type Images, joinRows, meanImage, pictureRows, type Rows } from '../metrics/index.ts';
import type { Truth } from './score.ts';
import type { Subject } from './subject.ts';

export interface TruthOptions {
  /** Victims. */
  readonly images: number;
  /** More of them, after those: attacked with them, and scored apart. Default none. */
  readonly heldBack?: number | undefined;
  /** Pictures for re-identification, the victims among them; default 1000, or the whole test split. */
  readonly gallery?: number | undefined;
}

export interface KnownTruth extends Truth {
  /** The victims as network inputs. */
  readonly inputs: Tensor;
  /** The gallery is all there is. */
  readonly wholeSplit: boolean;
  /** The last so many victims. */
  readonly heldBack: number;
  /** Of the victims' pixels, those that are not held back and those that are, in order. */
  readonly digests: { readonly victims: string; readonly heldBack: string | null };
  /** Of the gallery, victims first: indices in the test split, which no attacker may own. */
  readonly indices: readonly number[];
}

const defaultGallery = 1000;
/** Pictures read at once: those of a gallery in full size need not be in memory together. */
const chunk = 50;

/** @throws CutlineError DATA_TOO_FEW, AUDIT_IMAGES, AUDIT_GALLERY */
export async function openTruth(
  data: Dataset,
  subject: Subject,
  options: TruthOptions,
  signal?: AbortSignal,
): Promise<KnownTruth> {
  const { images, heldBack = 0 } = options;
  if (images < 2) throw new CutlineError('AUDIT_IMAGES', { images });
  const chosen = victims(data.test, images + heldBack, data.name);
  const indices = galleryOf(data, chosen, options.gallery);
  const pixels = await data.test.pixels(chosen, signal);
  const parts: Rows[] = [];
  for await (const part of imagesOfSplit(data, indices, signal)) parts.push(pictureRows(part));
  const unit = toImages(pixels);
  return {
    victims: unit,
    gallery: createGallery(joinRows(parts)),
    baseline: baseline(unit, await meanImage(data.train, 10_000, signal)),
    inputs: preprocess(pixels, subject.preprocessing),
    wholeSplit: indices.length === data.test.count,
    heldBack,
    digests: {
      victims: digestOf(pixels, 0, images),
      heldBack: heldBack > 0 ? digestOf(pixels, images, images + heldBack) : null,
    },
    indices,
  };
}

/** Pictures of the test split, some at a time. */
export async function* imagesOfSplit(
  data: Dataset,
  indices: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<Images> {
  for (let from = 0; from < indices.length; from += chunk) {
    yield toImages(await data.test.pixels(indices.slice(from, from + chunk), signal));
  }
}

function galleryOf(data: Dataset, chosen: readonly number[], asked: number | undefined): number[] {
  const wanted = asked ?? Math.max(chosen.length, Math.min(defaultGallery, data.test.count));
  if (wanted < chosen.length || wanted > data.test.count) {
    const found = { name: data.name, found: data.test.count, images: chosen.length };
    throw new CutlineError('AUDIT_GALLERY', { wanted, ...found });
  }
  const known = new Set(chosen);
  const indices = [...chosen];
  for (let i = 0; indices.length < wanted; i++) if (!known.has(i)) indices.push(i);
  return indices;
}

function digestOf({ data, count }: Pixels, first: number, end: number): string {
  const size = data.length / count;
  return createHash('sha256')
    .update(data.subarray(first * size, end * size))
    .digest('hex');
}

const toImages = (pixels: Pixels): Images => {
  const { count, channels, height, width } = pixels;
  return { count, channels, height, width, data: unitPixels(pixels) };
};
