/** A generator of the attacker's own: the decoder of an autoencoder, trained on pictures that it owns. */
import { toPixels } from '../../../data/index.ts';
import { CutlineError } from '../../../errors.ts';
import { float32 } from '../../../model/index.ts';
import { createRandom, type Random } from '../../../random.ts';
import { autoencoderMacs, defaultAutoencoder, trainAutoencoder } from '../../../training/index.ts';
import type { AttackerData, WhiteBoxContext } from '../attack.ts';
import { fittingGenerator } from './fitting.ts';
import type { Generator } from './generator.ts';

/** By what they were trained on. */
export type KnownGenerators = Map<string, Promise<Generator>>;

export interface OwnGenerator {
  readonly data: AttackerData;
  /** Of weights and order. Default: the attack's own randomness, and so another generator for each cut. */
  readonly seed?: number | undefined;
  /** Where generators are kept: attacks with the same seed and pictures share one. */
  readonly known?: KnownGenerators | undefined;
  /** Default 10 000, or as many as there are. */
  readonly pictures?: number | undefined;
  readonly epochs?: number | undefined;
  /** Numbers of a code. */
  readonly code?: number | undefined;
}

const mostPictures = 10_000;
/** Of the memory, for pictures. */
const share = 1 / 4;

/** Epochs over so many pictures, and multiplications of autoencoder for each. */
export function ownTraining(
  preprocessing: WhiteBoxContext['preprocessing'],
  pictures: number,
): { readonly epochs: number; readonly macs: number } {
  const { size, epochs } = defaultAutoencoder(preprocessing, pictures);
  return { epochs, macs: autoencoderMacs(size) };
}

/** What an own generator hangs on besides the pictures themselves, which are the same for every cut and defense. */
export function ownGenerator(context: WhiteBoxContext, options: OwnGenerator): Promise<Generator> {
  const { data, seed, known, pictures, epochs, code } = options;
  if (!known || seed === undefined) return trained(context, options, context.random);
  const key = JSON.stringify({ data, seed, pictures, epochs, code });
  const made = known.get(key) ?? trained(context, options, createRandom(seed));
  known.set(key, made);
  // A training that was stopped must not be remembered; one that failed would fail again.
  made.catch((error) => {
    if (!(error instanceof CutlineError) || error.code === 'CANCELLED') known.delete(key);
  });
  return made;
}

async function trained(context: WhiteBoxContext, options: OwnGenerator, random: Random): Promise<Generator> {
  const { engine, preprocessing, memoryBytes, signal } = context;
  const { channels, height, width } = preprocessing;
  const fitting = Math.floor((share * memoryBytes) / (4 * channels * height * width));
  const count = Math.min(options.pictures ?? Math.min(mostPictures, context.available(options.data)), fitting);
  const pairs = await context.pairs(count, options.data);
  const { size, ...plan } = defaultAutoencoder(preprocessing, count);
  const { decoder } = await trainAutoencoder(
    engine,
    {
      count,
      async rows(indices) {
        const pixels = new Float32Array(indices.length * channels * height * width);
        const chunk = 200;
        for (let at = 0; at < indices.length; at += chunk) {
          const { inputs } = await pairs.rows(indices.subarray(at, at + chunk));
          pixels.set(toPixels(inputs, preprocessing), at * channels * height * width);
        }
        return float32(pixels, [indices.length, channels, height, width]);
      },
    },
    {
      ...plan,
      size: { ...size, ...(options.code && { code: options.code }) },
      ...(options.epochs && { epochs: options.epochs }),
      random: random.fork(`autoencoder ${options.data} ${count}`),
      signal,
      mustFall: true,
      onProgress: ({ done }) => context.onProgress?.(done),
    },
  );
  const unit = { layout: 'NCHW', mean: preprocessing.mean.map(() => 0), std: preprocessing.std.map(() => 1) } as const;
  return fittingGenerator(decoder, preprocessing, engine, unit);
}
