/** `MODEL.card.yaml` on disk, and the flags that stand in for it. */
import { createHash } from 'node:crypto';
import { basename, extname } from 'node:path';
import { stringify } from 'yaml';
import { CutlineError } from '../errors.ts';
import { readBounded, writeAtomically } from '../files.ts';
import { ifThere } from '../if-there.ts';
import { check, readDocument } from '../validate.ts';
import { cardSchema, type ModelCard, type Preprocessing, preprocessingSchema } from './card.ts';

const MAX_CARD_BYTES = 1 << 20;
/** No ONNX file is larger. */
const MAX_MODEL_BYTES = 2 ** 31;

/** `net.onnx` → `net.card.yaml`. */
export function cardPath(modelPath: string): string {
  return `${modelPath.slice(0, modelPath.length - extname(modelPath).length)}.card.yaml`;
}

/**
 * @throws CutlineError FILE_NOT_FOUND, or CARD_INVALID with the path of the wrong key; CARD_OTHER_MODEL where it tells of a code that
 *   another file has
 */
export async function readCard(modelPath: string): Promise<ModelCard> {
  const path = cardPath(modelPath);
  const card = await readDocument(path, cardSchema, { code: 'CARD_INVALID', maxBytes: MAX_CARD_BYTES });
  const wanted = card.hardened?.sha256;
  if (wanted !== undefined) {
    const found = createHash('sha256')
      .update(await readBounded(modelPath, MAX_MODEL_BYTES))
      .digest('hex');
    if (found !== wanted)
      throw new CutlineError('CARD_OTHER_MODEL', { path, model: basename(modelPath), wanted, found });
  }
  return card;
}

/** @throws CutlineError OUTPUT_NOT_WRITABLE */
export async function writeCard(modelPath: string, card: ModelCard): Promise<string> {
  const path = cardPath(modelPath);
  await writeAtomically(path, stringify(cardSchema.parse(card), { lineWidth: 120 }));
  return path;
}

export interface PreprocessingFlags {
  /** `0.5` or `0.485,0.456,0.406`, on pixels in [0, 1]. Default 0. */
  readonly mean?: string | undefined;
  /** Default 1. */
  readonly std?: string | undefined;
  /** `NCHW` or `NHWC`. Default NCHW. */
  readonly layout?: string | undefined;
  /** `3x224x224`, `224x224` or `224`; without channels there are as many as values of mean, else 3. */
  readonly size?: string | undefined;
}

/**
 * The model card's preprocessing, each flag given taking the place of what the card says. Without a card `--size` must
 * be there.
 * @throws CutlineError CARD_INVALID, PREPROCESSING_UNKNOWN, USAGE
 */
export async function preprocessingFor(modelPath: string, flags: PreprocessingFlags = {}): Promise<Preprocessing> {
  const card = await ifThere(readCard(modelPath));
  const base = card?.preprocessing;
  const mean = numbers('--mean', flags.mean) ?? base?.mean;
  const std = numbers('--std', flags.std) ?? base?.std;
  const size = flags.size === undefined ? base : parseSize(flags.size, mean?.length);
  if (!size) {
    throw new CutlineError('PREPROCESSING_UNKNOWN', {
      model: basename(modelPath),
      card: cardPath(modelPath),
      problem: 'there is no model card and no --size',
    });
  }
  const { channels, height, width } = size;
  const layout = flags.layout?.toUpperCase() ?? base?.layout ?? 'NCHW';
  const spread = (values: readonly number[] | undefined, otherwise: number) =>
    values === undefined || values.length === 1
      ? Array.from({ length: channels }, () => values?.[0] ?? otherwise)
      : values;
  const value = { layout, channels, height, width, mean: spread(mean, 0), std: spread(std, 1) };
  return check(value, preprocessingSchema, 'Preprocessing flags', 'CARD_INVALID');
}

function numbers(flag: string, text: string | undefined): number[] | undefined {
  const values = text?.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (values && !values.every(Number.isFinite)) {
    throw new CutlineError('USAGE', {
      problem: `${flag} ${text}: want numbers with commas between, e.g. 0.5,0.5,0.5.`,
    });
  }
  return values;
}

function parseSize(text: string, meanCount: number | undefined): { channels: number; height: number; width: number } {
  const parts = text.split(/[x×,]/).map(Number);
  if (parts.length > 3 || !parts.every((n) => Number.isInteger(n) && n > 0)) {
    throw new CutlineError('USAGE', { problem: `--size ${text}: want e.g. 3x224x224 (channels, height, width).` });
  }
  const [width, height, channels] = [...parts].reverse();
  const fallback = meanCount === 1 ? 1 : 3;
  return { channels: channels ?? fallback, height: height ?? width!, width: width! };
}
