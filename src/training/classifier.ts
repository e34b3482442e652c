/** Trains one of the reference classifiers on a labelled data set. */
import { crossEntropy, type Expressions, type Term } from '../autodiff/index.ts';
import type { Dataset, Preprocessing } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { bindBatch, float32, type Graph, inferShapes, type Tensor } from '../model/index.ts';
import { createRandom } from '../random.ts';
import { accuracyOn } from './accuracy.ts';
import { flipAndShift } from './augment.ts';
import { type FitOptions, train } from './fit.ts';
import { type NetworkName, networks } from './networks.ts';
import { oneHot } from './one-hot.ts';
import { halving } from './schedule.ts';

export interface ClassifierOptions extends Pick<FitOptions, 'onProgress' | 'signal'> {
  readonly network: NetworkName;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  /** Epochs after which the learning rate is halved, again and again. */
  readonly halveEvery: number;
  readonly seed: number;
  /** Mirror images and shifts of up to this many pixels; 0 for none. */
  readonly augmentShift: number;
  readonly onEpoch?: (epoch: number, loss: number, testAccuracy: number, seconds: number) => void;
}

export interface TrainedClassifier {
  /** Batch is symbolic. */
  readonly graph: Graph;
  readonly preprocessing: Preprocessing;
  readonly testAccuracy: number;
}

/**
 * @throws CutlineError DATA_UNFIT when pictures or labels do not suit the network, DATA_TOO_FEW when they fill no batch,
 *   TRAINING_DIVERGED, CANCELLED
 */
export async function trainClassifier(
  engine: Engine,
  data: Dataset,
  options: ClassifierOptions,
): Promise<TrainedClassifier> {
  const spec = networks[options.network];
  const { channels, height, width, mean, std } = spec;
  if (
    data.channels !== channels ||
    data.height !== height ||
    data.width !== width ||
    !data.train.labels ||
    !data.test.labels
  ) {
    const size = (s: { channels: number; height: number; width: number }) => `${s.channels}×${s.height}×${s.width}`;
    throw new CutlineError('DATA_UNFIT', {
      data: data.name,
      has: size(data),
      wants: `labelled pictures of ${size(spec)}`,
    });
  }
  if (data.train.count < options.batch) {
    const { name, train } = data;
    throw new CutlineError('DATA_TOO_FEW', { name, wanted: options.batch, found: train.count, split: 'training' });
  }
  const preprocessing: Preprocessing = { layout: 'NCHW', channels, height, width, mean: [...mean], std: [...std] };
  const classes = data.classes?.length ?? Math.max(...data.train.labels) + 1;
  const random = createRandom(options.seed);
  const untrained = spec.build(classes, random.fork('weights'));
  const network = await inferShapes(bindBatch(untrained, options.batch), engine);

  const pixels = await data.train.pixels(
    Array.from({ length: data.train.count }, (_, i) => i),
    options.signal,
  );
  const targets = oneHot(data.train.labels, classes);
  const symbolic = (trained: Graph): Graph => ({ ...untrained, initializers: trained.initializers });
  let testAccuracy = 0;
  let started = performance.now();
  const { network: trained } = await train(
    engine,
    {
      network,
      tables: {
        input: {
          dtype: 'uint8',
          rowShape: [channels, height, width],
          prepare: (g, rows) => normaliseBytes(g, rows, preprocessing),
        },
        target: { dtype: 'float32', rowShape: [classes] },
      },
      loss: (g, logits, batchOf) => crossEntropy(g, logits, batchOf('target')),
    },
    async (epoch) => {
      started = performance.now();
      const shifted =
        options.augmentShift > 0
          ? flipAndShift(pixels, random.fork(`augment ${epoch}`), options.augmentShift)
          : pixels.data;
      const input: Tensor = { dtype: 'uint8', shape: [pixels.count, channels, height, width], data: shifted };
      return { rows: pixels.count, blocks: [{ input, target: targets }] };
    },
    {
      ...options,
      learningRate: halving(options.learningRate, options.halveEvery),
      random: random.fork('order'),
      afterEpoch: async (epoch, current, loss) => {
        const seconds = (performance.now() - started) / 1000;
        testAccuracy = await accuracyOn(engine, symbolic(current), data.test, preprocessing, {
          ...(options.signal && { signal: options.signal }),
        });
        options.onEpoch?.(epoch, loss, testAccuracy, seconds);
        return false;
      },
    },
  );
  return { graph: symbolic(trained), preprocessing, testAccuracy };
}

/** (byte/255 − mean) / std, one multiplication and one addition. */
function normaliseBytes(g: Expressions, rows: Term, { mean, std }: Preprocessing): Term {
  const channel = (values: number[]) => g.tensor(float32(values, [values.length, 1, 1]));
  const pixels = g.graph.op('Cast', [rows], { to: 1 });
  const scaled = g.mul(pixels, channel(std.map((s) => 1 / (255 * s))));
  return g.sub(scaled, channel(mean.map((m, c) => m / std[c]!)));
}
