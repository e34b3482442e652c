/** Trains a network: epochs of steps inside the engine. */
import { loadGradient } from '../autodiff/index.ts';
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { asFloat32, float32, type Graph, type Tensor, type Tensors } from '../model/index.ts';
import type { Random } from '../random.ts';
import type { Schedule } from './schedule.ts';
import { feeds, type StepSpec, trainingStep } from './step.ts';

export interface FitOptions {
  readonly epochs: number;
  readonly learningRate: Schedule;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
  /** Share of all steps done, and the mean loss of the epoch before. */
  readonly onProgress?:
    | ((progress: { readonly epoch: number; readonly done: number; readonly loss: number | undefined }) => void)
    | undefined;
  /** Whether a loss that no epoch after the first lowers is an error, once there were steps enough to tell: nothing was learnt. */
  readonly mustFall?: boolean | undefined;
  /** Where it was interrupted: it goes on as if it had not been. */
  readonly from?: FitState | undefined;
  /** Called after each epoch with the network as it is; its answer `true` ends the training. */
  readonly afterEpoch?: (epoch: number, network: Graph, loss: number, state: FitState) => Promise<boolean | undefined>;
}

/** A training between two epochs. */
export interface FitState {
  /** Of each epoch that has ended. */
  readonly losses: readonly number[];
  /** Weights and what the optimiser remembers, by the names of the step's inputs. */
  readonly tensors: Tensors;
}

/** A part of an epoch that is in memory at once: the tables by name, rows already augmented. */
export type Block = Readonly<Record<string, Tensor>>;

/** An epoch in blocks, each of at least one batch. Rows are shuffled within their block, and what fills no batch is left out. */
export interface Epoch {
  /** Of all blocks together. */
  readonly rows: number;
  readonly blocks: Iterable<Block> | AsyncIterable<Block>;
}

/**
 * @returns the network with its trained weights, and the mean loss of each epoch
 * @throws CutlineError TRAINING_DIVERGED, TRAINING_STALLED when nothing was learnt, CANCELLED
 */
export async function train(
  engine: Engine,
  spec: StepSpec,
  epochOf: (epoch: number) => Promise<Epoch>,
  options: FitOptions,
): Promise<{ readonly network: Graph; readonly losses: readonly number[] }> {
  const batch = spec.network.inputs[0]!.shape[0] as number;
  const { epochs, signal } = options;
  const step = trainingStep(spec);
  const session = await loadGradient(engine, step.graph, signal && { signal });
  const losses: number[] = [...(options.from?.losses ?? [])];
  let steps = 0;
  let state: Tensors = options.from?.tensors ?? step.initial;
  const current = (): Graph => {
    const weights = step.weights.map((name): [string, Tensor] => [name, state[name]!]);
    return { ...spec.network, initializers: new Map([...spec.network.initializers, ...weights]) };
  };
  let network = options.from ? current() : spec.network;
  try {
    for (let epoch = losses.length; epoch < epochs; epoch++) {
      const { rows, blocks } = await epochOf(epoch);
      const total = Math.max(1, Math.floor(rows / batch));
      let done = 0;
      let lossSum = 0;
      for await (const block of blocks) {
        const count = Object.values(block)[0]!.shape[0]!;
        const own = Math.floor(count / batch);
        if (own === 0) continue;
        const order = options.random
          .fork(`order ${epoch}${done > 0 ? `, block at ${done}` : ''}`)
          .permutation(count)
          .subarray(0, own * batch);
        const at = (n: number) => (epoch + Math.min(1, n / total)) / epochs;
        const rates = Float32Array.from({ length: own }, (_, i) => options.learningRate(at(done + i), epoch));
        const results = await session.loop(
          {
            ...state,
            ...Object.fromEntries(Object.entries(block).map(([name, t]) => [feeds.table(name), t])),
            [feeds.order]: { dtype: 'int64', shape: [own, batch], data: BigInt64Array.from(order, BigInt) },
            [feeds.rates]: float32(rates, [own]),
            [feeds.counter]: step.initial[feeds.counter]!,
            [feeds.lossSum]: step.initial[feeds.lossSum]!,
          },
          {
            steps: own,
            carry: step.carry,
            ...(signal && { signal }),
            onProgress: (n) => options.onProgress?.({ epoch, done: at(done + n), loss: losses.at(-1) }),
          },
        );
        state = Object.fromEntries(Object.entries(step.carry).map(([output, input]) => [input, results[output]!]));
        lossSum += asFloat32(state[feeds.lossSum])[0]!;
        done += own;
        steps += own;
        // A few steps are over before the engine has told of any.
        options.onProgress?.({ epoch, done: at(done), loss: losses.at(-1) });
      }
      const loss = lossSum / done;
      // A network of weights that are no numbers must not be saved.
      if (!Number.isFinite(loss)) throw new CutlineError('TRAINING_DIVERGED', { epoch: epoch + 1 });
      losses.push(loss);
      network = current();
      if (await options.afterEpoch?.(epoch, network, loss, { losses: [...losses], tensors: state })) break;
    }
    if (steps > 0) requireMovement(step.weights, step.initial, state);
    if (options.mustFall && steps >= tellingSteps) requireFall(losses);
  } finally {
    await session.close();
  }
  return { network, losses };
}

/** Fewer are too few to blame a training that the noise of its batches hides. */
const tellingSteps = 50;

function requireMovement(weights: readonly string[], before: Tensors, after: Tensors): void {
  if (weights.some((name) => asFloat32(after[name]).some((v, i) => v !== asFloat32(before[name])[i]))) return;
  throw new CutlineError('TRAINING_STALLED', {
    problem: 'no weight has moved, since the gradient of the loss is zero',
  });
}

function requireFall([first, ...rest]: readonly number[]): void {
  if (rest.length === 0 || rest.some((loss) => loss < first!)) return;
  throw new CutlineError('TRAINING_STALLED', { problem: `in ${rest.length + 1} epochs the loss never fell` });
}
