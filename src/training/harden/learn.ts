/** Epochs of learning a code in front of its adversary, and which of them was the best. */
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import type { Graph, Tensor } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import { type FitOptions, type FitState, train } from '../fit.ts';
import { cosine } from '../schedule.ts';
import { type AnswerKind, answerWeights } from './answers.ts';
import type { Known } from './features.ts';
import type { Judged } from './held-out.ts';
import { mixedViews } from './mixed.ts';
import { type Adversary, isAdversary, isCode } from './network.ts';
import { masks, rowsOf, tablesOf } from './rows.ts';
import type { CodeShape } from './shape.ts';

export interface LearnOptions extends Pick<FitOptions, 'signal'> {
  readonly adversary: Adversary;
  readonly epochs: number;
  readonly learningRate: number;
  /** Share of it at which the network's own weights learn, which know something already; 0 leaves them as they are. */
  readonly fineTune: number;
  readonly random: Random;
  /** Where a training that was stopped goes on. */
  readonly from?: Checkpoint | undefined;
  /** Told after each epoch. */
  readonly keep?: ((checkpoint: Checkpoint) => Promise<void>) | undefined;
  readonly onProgress?: ((progress: { readonly phase: string; readonly done: number }) => void) | undefined;
  readonly onEpoch?: ((report: EpochReport, epochs: number) => void) | undefined;
}

/** A training between two epochs, and the best until then. */
export interface Checkpoint {
  readonly fit: FitState;
  readonly best: {
    readonly report: EpochReport;
    readonly score: number;
    readonly weights: ReadonlyMap<string, Tensor>;
  };
  /** Epochs since. */
  readonly since: number;
}

/** Of pictures that were held out. */
export interface EpochReport {
  readonly epoch: number;
  readonly loss: number;
  /** How far answers are from those before; see `distanceOf`. */
  readonly distance: number;
  /** Share of answers that choose as before; of networks that choose. */
  readonly agreement: number | undefined;
  /** SSIM of what the decoder that learns along makes. */
  readonly similarity: number | undefined;
  /** Cross-entropy of finding pictures again among those of a batch, for who learns along to compare codes with pictures. */
  readonly comparison: number | undefined;
  readonly isBest: boolean;
}

/** Epochs without a better one after which it ends. */
const patienceOf = (epochs: number): number => Math.max(4, Math.ceil(epochs / 3));
/** The one who follows has to be faster. */
const adversaryPace = 3;
/** Of the epochs, in which the adversary's say grows from nothing to all. */
const rampShare = 0.3;

/**
 * @param network what `trainingNetwork` wrote, shapes known
 * @param about views of the same pictures
 * @throws CutlineError as `train`; CANCELLED only where no epoch has ended
 */
export async function learn(
  engine: Engine,
  network: Graph,
  about: {
    readonly views: readonly Known[];
    readonly code: CodeShape;
    readonly kind: AnswerKind;
    readonly isTrained: (weight: string) => boolean;
    readonly judge: (trained: Graph) => Promise<Judged>;
  },
  options: LearnOptions,
): Promise<Pick<Checkpoint, 'best'> & { readonly stopped: boolean }> {
  const { views, code, kind, isTrained, judge } = about;
  const { signal } = options;
  const frozen = new Set([...network.initializers.keys()].filter((name) => !isTrained(name)));
  const { decoder, reidentification } = options.adversary;
  // What who sees nothing scores: to do worse is a mistake that is no merit of the code's.
  const blind = Math.log(network.inputs[0]!.shape[0] as number);
  let best: Checkpoint['best'] | undefined = options.from?.best;
  let since = options.from?.since ?? 0;
  let stopped = false;
  try {
    await train(
      engine,
      {
        network,
        frozen,
        tables: tablesOf(network, views),
        adam: { epsilon: 1e-7, amsgrad: false },
        pace: (name) => (isAdversary(name) ? adversaryPace : isCode(name) ? 1 : options.fineTune),
      },
      async (epoch) => {
        const known = mixedViews(views, options.random.fork(`views ${epoch}`));
        const ramp = Math.min(1, (epoch + 1) / Math.max(1, rampShare * options.epochs));
        const mask = masks(known.count, code, options.random.fork(`rates ${epoch}`));
        return { rows: known.count, blocks: [rowsOf(network, known, { mask, turned: ramp })] };
      },
      {
        epochs: options.epochs,
        learningRate: cosine(options.learningRate),
        random: options.random.fork('order'),
        signal,
        from: options.from?.fit,
        onProgress: ({ done }) => options.onProgress?.({ phase: 'training', done }),
        afterEpoch: async (epoch, current, loss, fit) => {
          const seen = await judge(current);
          const score =
            answerWeights[kind] * seen.distance +
            decoder * (seen.similarity ?? 0) -
            reidentification * Math.min(seen.comparison ?? 0, blind);
          // While the adversary's say grows, every epoch is another task.
          const isBest = !best || epoch + 1 <= rampShare * options.epochs || score < best.score;
          const report = { epoch, loss, ...seen, isBest };
          options.onEpoch?.(report, options.epochs);
          since = isBest ? 0 : since + 1;
          if (isBest) {
            const weights = [...current.initializers].filter(([name]) => isTrained(name));
            best = { report, score, weights: new Map(weights) };
          }
          await options.keep?.({ fit, best: best!, since });
          return since >= patienceOf(options.epochs);
        },
      },
    );
  } catch (error) {
    // What was learnt until then is kept.
    if (!best || !(error instanceof CutlineError && error.code === 'CANCELLED')) throw error;
    stopped = true;
  }
  return { best: best!, stopped };
}
