/** `cutline train`: opens the data, trains, writes the model and its card. */
import { join } from 'node:path';
import { cardPath, openDataset, writeCard } from '../data/index.ts';
import { createComputingEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { checkWritable } from '../files.ts';
import { encodeModel, modelSha256 } from '../model/index.ts';
import { trainClassifier } from '../training/index.ts';
import { note, print } from './output.ts';
import { progressBar } from './progress.ts';
import { saveTrained } from './save-trained.ts';
import { stopSignal } from './stop.ts';

export interface TrainSettings {
  readonly network: 'lenet' | 'cifar10cnn';
  readonly data: string;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly halveEvery: number;
  readonly augmentShift: number;
  readonly seed: number;
  readonly threads: number | undefined;
  readonly out: string | undefined;
  readonly json: boolean | undefined;
}

export async function runTrain(settings: TrainSettings): Promise<void> {
  check(settings);
  const { network, epochs, batch, learningRate, halveEvery, augmentShift, seed, json } = settings;
  const short = settings.data.split(':')[0]!.replaceAll(/[^\w-]+/g, '-');
  const path = settings.out ?? join('models', `${network === 'lenet' ? `lenet-${short}` : network}.onnx`);
  for (const file of [path, cardPath(path)]) await checkWritable(file);
  const signal = stopSignal();
  const data = await openDataset(settings.data, { signal, note });
  const engine = await createComputingEngine(settings.threads ? { threads: settings.threads } : {});
  const bar = progressBar(`Training ${network}`);
  try {
    const secondsPerEpoch: number[] = [];
    const trained = await trainClassifier(engine, data, {
      network,
      epochs,
      batch,
      learningRate,
      halveEvery,
      augmentShift,
      seed,
      signal,
      onProgress: ({ done, loss }) => bar.update(done, loss === undefined ? '' : `loss ${loss.toFixed(4)}`),
      onEpoch: (epoch, loss, testAccuracy, seconds) => {
        secondsPerEpoch.push(seconds);
        bar.log(
          `epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(4)}, test accuracy ${(100 * testAccuracy).toFixed(2)} %, ${seconds.toFixed(1)} s`,
        );
      },
    });
    await saveTrained(trained.graph, path);
    const augment = augmentShift > 0 ? ` --augment-shift ${augmentShift}` : '';
    const card = await writeCard(path, {
      format: 'cutline.card/1',
      name: trained.graph.name,
      input: trained.graph.inputs[0]!.name,
      preprocessing: trained.preprocessing,
      ...(data.classes && { labels: [...data.classes] }),
      training: {
        data: short,
        dataSha256: data.sha256,
        seed,
        command: `scripts/train ${network} --data ${short}${short === settings.data ? '' : ':DIR'} --epochs ${epochs} --batch ${batch} --learning-rate ${learningRate} --halve-every ${halveEvery}${augment} --seed ${seed}`,
        epochs,
        testAccuracy: trained.testAccuracy,
        testImages: data.test.count,
      },
      licence: 'Apache-2.0',
    });
    const result = {
      format: 'cutline.train/1',
      model: path,
      card,
      sha256: modelSha256(encodeModel(trained.graph)),
      testAccuracy: trained.testAccuracy,
      secondsPerEpoch,
    };
    bar.stop();
    print(
      json,
      result,
      () => `${path}: test accuracy ${(100 * trained.testAccuracy).toFixed(2)} % (${data.test.count} pictures)`,
    );
  } finally {
    bar.stop();
    await engine.close();
  }
}

function check({ epochs, batch, learningRate, halveEvery, augmentShift, seed, threads }: TrainSettings): void {
  const refuse = (problem: string): never => {
    throw new CutlineError('USAGE', { problem });
  };
  if (!(Number.isInteger(epochs) && epochs >= 1 && epochs <= 10_000))
    refuse('--epochs is a whole number from 1 to 10000.');
  if (!(Number.isInteger(batch) && batch >= 1 && batch <= 4096)) refuse('--batch is a whole number from 1 to 4096.');
  if (!(Number.isInteger(halveEvery) && halveEvery >= 1)) refuse('--halve-every is a whole number from 1 on.');
  if (!(learningRate > 0 && learningRate <= 1)) refuse('--learning-rate is above 0 and at most 1.');
  if (!(Number.isInteger(augmentShift) && augmentShift >= 0 && augmentShift <= 16))
    refuse('--augment-shift is a whole number from 0 to 16.');
  if (!Number.isSafeInteger(seed)) refuse('--seed is a whole number.');
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024))
    refuse('--threads is a whole number from 1 on.');
}
