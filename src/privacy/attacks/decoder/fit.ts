/** Trains a decoder on pairs, until pictures kept aside say that it no longer learns. */
import type { Preprocessing } from '../../../data/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { CutlineError } from '../../../errors.ts';
import { asFloat32, bindBatch, float32, type Graph, inferShapes, sizeOf, type Tensor } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import { type Schedule, train } from '../../../training/index.ts';
import { picturesThatFit, trainingShare } from '../memory.ts';
import { PairEpochs } from '../pair-epochs.ts';
import { learntFrom, type Pairs, rowsAside } from '../pairs.ts';
import { applyRows } from '../rows.ts';
import { type LossName, withCriterion } from './criterion.ts';
import { frozenOf } from './frozen.ts';

export interface FitDecoder {
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: Schedule;
  readonly loss: LossName;
  /** Adam's ε. */
  readonly epsilon: number;
  /** Epochs without a better validation loss after which to stop. */
  readonly patience: number;
  /** What tables and activations may take. */
  readonly memoryBytes: number;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly onEpoch?: ((epoch: number, loss: number, validation: number) => void) | undefined;
}

export interface FittedDecoder {
  /** Batch is symbolic. */
  readonly decoder: Graph;
  readonly epochs: number;
  /** Mean squared error of pixels in [0, 1] on pictures that were not trained on. */
  readonly validationMse: number;
}

/** Nobody sees a smaller mean squared error (70 dB): what solves equations so well has nothing to learn. */
const exact = 1e-7;

/**
 * @param decoder batch symbolic, untrained
 * @throws CutlineError TRAINING_DIVERGED, TRAINING_STALLED, CANCELLED
 */
export async function fitDecoder(
  engine: Engine,
  decoder: Graph,
  pairs: Pairs,
  picture: Preprocessing,
  options: FitDecoder,
): Promise<FittedDecoder> {
  const { random, signal } = options;
  const validation = await rowsAside(pairs);
  const indices = Int32Array.from({ length: learntFrom(pairs).count }, (_, i) => i);
  const trainable = async (n: number) =>
    inferShapes(withCriterion(await inferShapes(bindBatch(decoder, n), engine), options.loss, picture), engine);
  const most = Math.min(options.batch, indices.length);
  const batch = picturesThatFit({ graphs: [await trainable(1)] }, trainingShare * options.memoryBytes, most);
  const network = await trainable(batch);
  const bytesPerRow = network.inputs.reduce((sum, v) => sum + (4 * sizeOf(v.shape as number[])) / batch, 0);
  const epochs = new PairEpochs(pairs, indices, bytesPerRow, batch, options.memoryBytes);
  const symbolic = (trained: Graph): Graph => ({
    ...decoder,
    initializers: new Map([...decoder.initializers.keys()].map((name) => [name, trained.initializers.get(name)!])),
  });
  const validate = async (trained: Graph) =>
    pixelError(await applyRows(engine, symbolic(trained), validation.features, signal), validation.inputs, picture);

  let best = { network, loss: await validate(network), epoch: 0 };
  let taken = 0;
  if (best.loss < exact) return { decoder, epochs: 0, validationMse: best.loss };
  const table = (shape: readonly (number | string)[]) =>
    ({ dtype: 'float32', rowShape: shape.slice(1) as number[] }) as const;
  const { losses } = await train(
    engine,
    {
      network,
      tables: Object.fromEntries(network.inputs.map((v) => [v.name, table(v.shape)])),
      frozen: frozenOf(network),
      adam: { epsilon: options.epsilon },
    },
    async (epoch) => ({
      rows: epochs.rows,
      blocks: epochs.blocks((n) => random.fork(`blocks ${epoch}`).permutation(n)),
    }),
    {
      epochs: options.epochs,
      learningRate: options.learningRate,
      random: random.fork('order'),
      signal,
      onProgress: ({ done }) => options.onProgress?.(done),
      afterEpoch: async (epoch, current, loss) => {
        taken = epoch + 1;
        const error = await validate(current);
        options.onEpoch?.(epoch, loss, error);
        if (error < best.loss) best = { network: current, loss: error, epoch: taken };
        return taken - best.epoch >= options.patience;
      },
    },
  );
  // What equations have solved may be as good as it gets; what answers with the mean picture has learnt nothing.
  const fell = best.epoch > 0 || losses.length === 1 || losses.some((loss) => loss < losses[0]!);
  if (!fell && !(best.loss < pixelError(meanRow(validation.inputs), validation.inputs, picture))) {
    throw new CutlineError('TRAINING_STALLED', { problem: `in ${taken} epochs its loss never fell` });
  }
  return { decoder: symbolic(best.network), epochs: taken, validationMse: best.loss };
}

/** The mean of all rows in the place of each. */
function meanRow(rows: Tensor): Tensor {
  const data = asFloat32(rows);
  const size = data.length / rows.shape[0]!;
  const mean = new Float64Array(size);
  for (const [i, v] of data.entries()) mean[i % size]! += v / rows.shape[0]!;
  return float32(
    data.map((_, i) => mean[i % size]!),
    rows.shape,
  );
}

function pixelError(a: Tensor, b: Tensor, { layout, channels, height, width, std }: Preprocessing): number {
  const [x, y] = [asFloat32(a), asFloat32(b)];
  const area = height * width;
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const c = layout === 'NCHW' ? Math.floor(i / area) % channels : i % channels;
    sum += ((x[i]! - y[i]!) * std[c]!) ** 2;
  }
  return sum / x.length;
}
