/**
 * A small convolutional autoencoder: its decoder makes pictures of one kind out of few numbers, and so is a prior of what
 * they look like. Codes come out white: over the pictures it learnt from, they have mean 0 and covariance 1.
 */

import { meanSquaredError } from '../autodiff/index.ts';
import { type Engine, runRows } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { asFloat32, bindBatch, float32, type Graph, inferShapes, sizeOf, type Tensor } from '../model/index.ts';
import { squaredDistance } from '../numeric/index.ts';
import type { Random } from '../random.ts';
import { type AutoencoderSize, autoencoder, decoderOf, encoderOf, macsOf } from './autoencoder-graph.ts';
import { type FitOptions, train } from './fit.ts';
import { cosine } from './schedule.ts';
import { whitening } from './whitening.ts';

/** Pixels in [0, 1], NCHW. */
export interface UnitPictures {
  readonly count: number;
  /** [indices, channels, height, width] */
  rows(indices: Int32Array): Promise<Tensor>;
}

export interface AutoencoderOptions extends Pick<FitOptions, 'onProgress' | 'signal'> {
  readonly size: AutoencoderSize;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly random: Random;
  readonly mustFall?: boolean | undefined;
  readonly onEpoch?: ((epoch: number, loss: number, validationMse: number) => void) | undefined;
}

export interface TrainedAutoencoder {
  /** Codes [batch, k] to pixels [batch, channels, height, width]; the batch is symbolic. */
  readonly decoder: Graph;
  /** The other way. */
  readonly encoder: Graph;
  /** Of pixels, on pictures that were not learnt from. */
  readonly validationMse: number;
}

/** One in twenty pictures is kept aside, within these. */
const [fewestKept, mostKept] = [4, 500];
/** Pictures whose codes decide what is white. */
const mostWhitened = 5000;
const chunk = 100;
/** How often it is looked how well others are made, about. */
const mostLooks = 10;

/** @throws CutlineError DATA_TOO_FEW, TRAINING_DIVERGED, TRAINING_STALLED, CANCELLED */
export async function trainAutoencoder(
  engine: Engine,
  pictures: UnitPictures,
  options: AutoencoderOptions,
): Promise<TrainedAutoencoder> {
  const { size, random, batch, signal } = options;
  const aside = Math.min(Math.max(Math.ceil(pictures.count / 20), fewestKept), mostKept);
  if (pictures.count < aside + batch) {
    const wanted = aside + batch;
    throw new CutlineError('DATA_TOO_FEW', { name: 'autoencoder', wanted, found: pictures.count, split: 'training' });
  }
  const order = random.fork('validation').permutation(pictures.count);
  const kept = await pictures.rows(order.slice(0, aside));
  const learnt = await pictures.rows(order.slice(aside));
  const untrained = autoencoder(size, meanPicture(learnt), random.fork('weights'));
  const network = await inferShapes(bindBatch(untrained, batch), engine);
  const rowShape = learnt.shape.slice(1);
  const input = network.inputs[0]!.name;
  let validationMse = Number.NaN;
  const { network: trained } = await train(
    engine,
    {
      network,
      tables: { [input]: { dtype: 'float32', rowShape } },
      loss: (g, output, batchOf, shape) => meanSquaredError(g, output, batchOf(input), shape),
      adam: { epsilon: 1e-8 },
    },
    async () => ({ rows: learnt.shape[0]!, blocks: [{ [input]: learnt }] }),
    {
      ...options,
      learningRate: cosine(options.learningRate),
      random: random.fork('order'),
      afterEpoch: async (epoch, current, loss) => {
        // Every look loads the network anew.
        if (epoch % Math.ceil(options.epochs / mostLooks) !== 0 && epoch + 1 < options.epochs) return false;
        const whole = { ...untrained, initializers: current.initializers };
        validationMse = mse(await applied(engine, whole, kept, signal), kept);
        options.onEpoch?.(epoch, loss, validationMse);
        return false;
      },
    },
  );
  const whole = { ...untrained, initializers: trained.initializers };
  const shown = Math.min(mostWhitened, learnt.shape[0]!);
  const some = float32(asFloat32(learnt).subarray(0, shown * sizeOf(rowShape)), [shown, ...rowShape]);
  const codes = await applied(engine, encoderOf(whole), some, signal);
  const white = whitening(asFloat32(codes), size.code);
  return { decoder: decoderOf(whole, white), encoder: encoderOf(whole, white), validationMse };
}

/** @param graph symbolic batch, one input and one output */
async function applied(engine: Engine, graph: Graph, rows: Tensor, signal?: AbortSignal): Promise<Tensor> {
  const n = Math.min(chunk, rows.shape[0]!);
  const session = await engine.load(bindBatch(graph, n), signal && { signal });
  try {
    const made = await runRows(session, n, { [graph.inputs[0]!.name]: rows }, signal);
    return made[graph.outputs[0]!.name]!;
  } finally {
    await session.close();
  }
}

function mse(a: Tensor, b: Tensor): number {
  const [x, y] = [asFloat32(a), asFloat32(b)];
  return squaredDistance(x, y) / x.length;
}

function meanPicture(pictures: Tensor): Float32Array {
  const data = asFloat32(pictures);
  const size = data.length / pictures.shape[0]!;
  const sum = new Float64Array(size);
  for (let i = 0; i < data.length; i++) sum[i % size]! += data[i]!;
  return Float32Array.from(sum, (s) => s / pictures.shape[0]!);
}

/** Steps that teach small pictures well, fewer for large ones: multiplications in all, and at least so many steps. */
const [mostSteps, fewestSteps, budgetMacs] = [700, 200, 2e12];

/** What suits pictures of a size, and so many of them: about a minute on one core. */
export function defaultAutoencoder(
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
  pictures: number,
): Pick<AutoencoderOptions, 'size' | 'epochs' | 'batch' | 'learningRate'> {
  const size = { channels, height, width, code: channels === 1 ? 64 : 128, channelsInside: 48 };
  // There and back, and twice as much again for the gradients.
  const macs = 3 * macsOf(size);
  const most = macs < 60e6 ? 64 : 16;
  const batch = Math.max(1, Math.min(most, Math.floor(pictures / 4)));
  const steps = Math.min(mostSteps, Math.max(fewestSteps, Math.floor(budgetMacs / (macs * batch))));
  const epochs = Math.min(60, Math.max(1, Math.ceil((steps * batch) / pictures)));
  return { size, epochs, batch, learningRate: 2e-3 };
}
