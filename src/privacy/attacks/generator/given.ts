/** A generator from a file, with what its pixels are. */
import { type ModelCard, readCard } from '../../../data/index.ts';
import { CutlineError } from '../../../errors.ts';
import { type Graph, loadModel } from '../../../model/index.ts';
import type { PixelScale } from './fitting.ts';

export interface GivenGenerator {
  /** One float32 input [n, …], one output: pictures [n, …]. */
  readonly graph: Graph;
  /** Of the pixels it makes. Default: it makes network inputs. */
  readonly scale?: PixelScale | undefined;
}

/** Network inputs, or pixels from 0 to 1, or from −1 to 1. */
export type GeneratorMakes = 'inputs' | 'pixels' | 'signed-pixels';

/**
 * @param makes default what its card says, and without one network inputs
 * @param channels of the pictures
 * @throws CutlineError for a file that is no model, or a card that cannot be read
 */
export async function readGenerator(
  path: string,
  makes: GeneratorMakes | undefined,
  channels: number,
): Promise<GivenGenerator> {
  return { graph: await loadModel(path), scale: await scaleOf(path, makes, channels) };
}

async function scaleOf(path: string, makes: GeneratorMakes | undefined, channels: number) {
  const each = (value: number) => Array.from({ length: channels }, () => value);
  switch (makes) {
    case 'inputs':
      return undefined;
    case 'pixels':
      return { layout: 'NCHW', mean: each(0), std: each(1) } as const;
    case 'signed-pixels':
      return { layout: 'NCHW', mean: each(0.5), std: each(0.5) } as const;
    case undefined:
      return (await cardIfThere(path))?.preprocessing;
    default:
      return makes satisfies never;
  }
}

async function cardIfThere(path: string): Promise<ModelCard | undefined> {
  try {
    return await readCard(path);
  } catch (error) {
    if (error instanceof CutlineError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}
