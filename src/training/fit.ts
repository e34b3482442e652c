/** Trains a network: epochs of steps inside the engine, the learning rate halved at intervals. */
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { asFloat32, type Graph, scalar, type Tensor, type Tensors } from '../model/index.ts';
import type { Random } from '../random.ts';
import { feeds, type StepSpec, trainingStep } from './step.ts';

export interface FitOptions {
  readonly epochs: number;
  readonly learningRate: number;
  /** Epochs after which the learning rate is halved, again and again. */
  readonly halveEvery: number;
  readonly random: Random;
  readonly signal?: AbortSignal;
  /** Share of all steps done, and the mean loss of the epoch before. */
  readonly onProgress?: (progress: {
    readonly epoch: number;
    readonly done: number;
    readonly loss: number | undefined;
  }) => void;
  /** Called after each epoch with the network as it is; its answer `true` ends the training. */
  readonly afterEpoch?: (epoch: number, network: Graph, loss: number) => Promise<boolean | undefined>;
}

/** The tables of one epoch, rows already augmented. */
export interface EpochData {
  readonly inputs: Tensor;
  readonly targets: Tensor;
}

/**
 * @returns the network with its trained weights, and the mean loss of each epoch
 * @throws CutlineError TRAINING_DIVERGED, CANCELLED
 */
export async function train(
  engine: Engine,
  spec: StepSpec,
  dataOf: (epoch: number) => Promise<EpochData>,
  options: FitOptions,
): Promise<{ readonly network: Graph; readonly losses: readonly number[] }> {
  const batch = spec.network.inputs[0]!.shape[0] as number;
  const step = trainingStep(spec);
  const session = await engine.load(step.graph, options.signal && { signal: options.signal });
  const losses: number[] = [];
  let state: Tensors = step.initial;
  let network = spec.network;
  try {
    for (let epoch = 0; epoch < options.epochs; epoch++) {
      const data = await dataOf(epoch);
      const rows = data.inputs.shape[0]!;
      const steps = Math.floor(rows / batch);
      const order = options.random
        .fork(`order ${epoch}`)
        .permutation(rows)
        .subarray(0, steps * batch);
      const rate = options.learningRate * 0.5 ** Math.floor(epoch / options.halveEvery);
      const results = await session.loop(
        {
          ...state,
          [feeds.inputs]: data.inputs,
          [feeds.targets]: data.targets,
          [feeds.order]: { dtype: 'int64', shape: [steps, batch], data: BigInt64Array.from(order, BigInt) },
          [feeds.counter]: step.initial[feeds.counter]!,
          [feeds.lossSum]: step.initial[feeds.lossSum]!,
          [feeds.learningRate]: scalar(rate),
        },
        {
          steps,
          carry: step.carry,
          ...(options.signal && { signal: options.signal }),
          onProgress: (n) =>
            options.onProgress?.({ epoch, done: (epoch + n / steps) / options.epochs, loss: losses.at(-1) }),
        },
      );
      state = Object.fromEntries(Object.entries(step.carry).map(([output, input]) => [input, results[output]!]));
      const loss = asFloat32(state[feeds.lossSum])[0]! / steps;
      // A network of weights that are no numbers must not be saved.
      if (!Number.isFinite(loss)) throw new CutlineError('TRAINING_DIVERGED', { epoch: epoch + 1 });
      losses.push(loss);
      const weights = step.weights.map((name): [string, Tensor] => [name, state[name]!]);
      network = { ...spec.network, initializers: new Map([...spec.network.initializers, ...weights]) };
      if (await options.afterEpoch?.(epoch, network, losses.at(-1)!)) break;
    }
  } finally {
    await session.close();
  }
  return { network, losses };
}
