/** `cutline train autoencoder`: learns what the pictures of a data set look like, and writes the generator with its card. */
import { join } from 'node:path';
import { cardPath, openDataset, type Preprocessing, unitPixels, writeCard } from '../data/index.ts';
import { createComputingEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { checkWritable } from '../files.ts';
import { encodeModel, float32, modelSha256 } from '../model/index.ts';
import { createRandom } from '../random.ts';
import { defaultAutoencoder, trainAutoencoder } from '../training/index.ts';
import { note, print } from './output.ts';
import { progressBar } from './progress.ts';
import { saveTrained } from './save-trained.ts';
import { stopSignal } from './stop.ts';

export interface AutoencoderSettings {
  readonly data: string;
  /** What is left out is chosen by size and number of the pictures. */
  readonly size: string | undefined;
  readonly pictures: number | undefined;
  readonly code: number | undefined;
  readonly epochs: number | undefined;
  readonly batch: number | undefined;
  readonly learningRate: number | undefined;
  readonly seed: number;
  readonly threads: number | undefined;
  readonly out: string | undefined;
  readonly json: boolean | undefined;
}

const mostPictures = 20_000;

export async function runTrainAutoencoder(settings: AutoencoderSettings): Promise<void> {
  check(settings);
  const { seed, json, threads } = settings;
  const short = settings.data.split(':')[0]!.replaceAll(/[^\w-]+/g, '-');
  const path = settings.out ?? join('models', `generator-${short}.onnx`);
  for (const file of [path, cardPath(path)]) await checkWritable(file);
  const signal = stopSignal();
  const data = await openDataset(settings.data, { size: sizeOf(settings.size), signal, note });
  const { channels, height, width, train } = data;
  const count = Math.min(settings.pictures ?? mostPictures, train.count);
  const chosen = createRandom(seed).fork('pictures').permutation(train.count).subarray(0, count);
  const plan = defaultAutoencoder(data, count);
  const epochs = settings.epochs ?? plan.epochs;
  const engine = await createComputingEngine(threads ? { threads } : {});
  const bar = progressBar('Training autoencoder');
  try {
    const { decoder, validationMse } = await trainAutoencoder(
      engine,
      {
        count,
        async rows(indices) {
          const pixels = await train.pixels(
            Array.from(indices, (i) => chosen[i]!),
            signal,
          );
          return float32(unitPixels(pixels), [indices.length, channels, height, width]);
        },
      },
      {
        size: { ...plan.size, ...(settings.code && { code: settings.code }) },
        epochs,
        batch: settings.batch ?? plan.batch,
        learningRate: settings.learningRate ?? plan.learningRate,
        random: createRandom(seed),
        signal,
        onProgress: ({ done }) => bar.update(done, ''),
        onEpoch: (epoch, _loss, mse) => bar.log(`epoch ${epoch + 1}/${epochs}: ${decibels(mse)} dB on others`),
      },
    );
    await saveTrained(decoder, path);
    const psnr = -10 * Math.log10(validationMse);
    const every = (value: number) => Array.from({ length: channels }, () => value);
    const preprocessing = {
      layout: 'NCHW',
      channels: channels as Preprocessing['channels'],
      height,
      width,
      mean: every(0),
      std: every(1),
    } as const;
    const card = await writeCard(path, {
      format: 'cutline.card/1',
      name: decoder.name,
      input: decoder.inputs[0]!.name,
      preprocessing,
      training: {
        data: short,
        dataSha256: data.sha256,
        seed,
        command: `scripts/train autoencoder --data ${short}${short === settings.data ? '' : ':DIR'} --pictures ${count} --epochs ${epochs} --code ${decoder.inputs[0]!.shape[1]} --seed ${seed}`,
        epochs,
        validationPsnr: psnr,
      },
      licence: 'Apache-2.0',
    });
    const result = {
      format: 'cutline.train/1',
      model: path,
      card,
      sha256: modelSha256(encodeModel(decoder)),
      validationPsnr: psnr,
      pictures: count,
    };
    bar.stop();
    print(json, result, () => `${path}: ${psnr.toFixed(2)} dB on pictures it did not learn from`);
  } finally {
    bar.stop();
    await engine.close();
  }
}

const decibels = (mse: number): string => (-10 * Math.log10(mse)).toFixed(2);

function sizeOf(text: string | undefined) {
  if (text === undefined) return undefined;
  const [channels, height, width] = text.split(/[x×,]/).map(Number);
  return { channels: channels as 1 | 3, height: height!, width: width! };
}

function check({ size, pictures, code, epochs, batch, learningRate, seed, threads }: AutoencoderSettings): void {
  const refuse = (problem: string): never => {
    throw new CutlineError('USAGE', { problem });
  };
  const whole = (name: string, n: number | undefined, low: number, high: number) => {
    if (n !== undefined && !(Number.isInteger(n) && n >= low && n <= high))
      refuse(`${name} is a whole number from ${low} to ${high}.`);
  };
  if (size !== undefined && !/^[13][x×,]([1-9]\d{0,3})[x×,]([1-9]\d{0,3})$/.test(size))
    refuse('--size is channels (1 or 3), height and width, e.g. 3x32x32.');
  whole('--pictures', pictures, 16, 10_000_000);
  whole('--code', code, 2, 4096);
  whole('--epochs', epochs, 1, 10_000);
  whole('--batch', batch, 1, 4096);
  whole('--threads', threads, 1, 1024);
  if (learningRate !== undefined && !(learningRate > 0 && learningRate <= 1))
    refuse('--learning-rate is above 0 and at most 1.');
  if (!Number.isSafeInteger(seed)) refuse('--seed is a whole number.');
}
