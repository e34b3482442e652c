/** Learns a code at a cut: few levels that keep the answer and lose the picture. */
import { raiseOpset } from '../../autodiff/index.ts';
import { inputShape, type Pixels, type Preprocessing } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import { asFloat32, inferShapes, prune, sizeOf, type Tensor } from '../../model/index.ts';
import { flipAndShift } from '../augment.ts';
import { activationAt } from './activation.ts';
import { type AnswerKind, areShares, guessKind, requireAnswer } from './answers.ts';
import type { CoderSize } from './coder.ts';
import { computed, type Divided, type Kept, type Known, pictureFor, type Source } from './features.ts';
import { similarityOfMean } from './floor.ts';
import { heldOutJudge } from './held-out.ts';
import { type EpochReport, type LearnOptions, learn } from './learn.ts';
import { type Answer, isAdversary, isCode, trainingNetwork } from './network.ts';
import { fromPrincipal } from './principal.ts';
import type { LearntWeights } from './release.ts';
import { keptBytes, room } from './room.ts';
import { type ChannelScale, channelScale, scaledBy } from './scale.ts';
import { withHead } from './seeing.ts';
import { type CodeShape, codeShape, type Levels } from './shape.ts';
import { type Tune, tunedWeights } from './tunable.ts';

export interface HardenOptions extends Omit<LearnOptions, 'epochs'> {
  readonly cut: string;
  readonly preprocessing: Preprocessing;
  readonly bits: readonly number[];
  readonly levels: Levels;
  readonly size: CoderSize;
  /** Default: what the kind of answer wants; none where the head learns too, since what it makes is to change. */
  readonly featureWeight: number | undefined;
  readonly tune: Tune;
  /** Default: guessed from the answers. */
  readonly answer: AnswerKind | undefined;
  /** Of the data set, where it has labels. */
  readonly classes: number | undefined;
  readonly batch: number;
  /** Default: a dozen, or as many as `fewestSteps` take. */
  readonly epochs: number | undefined;
  /** How often each picture is looked at, mirrored and shifted anew each time but the first. */
  readonly views: number;
  /** Of what is kept of every look at a picture; with more pictures than fit the rest is left out. */
  readonly memoryBytes: number;
}

export interface Hardened {
  readonly code: CodeShape;
  readonly scale: ChannelScale;
  readonly weights: LearntWeights;
  readonly answer: AnswerKind;
  readonly pictures: number;
  readonly best: EpochReport;
  readonly stopped: boolean;
}

/** Pictures held out: one in twenty, within these. */
const [fewestHeld, mostHeld] = [32, 1000];
/** Below it nothing is learnt that holds for others. */
const fewestLearnt = 128;
/** A tenth of the picture: what a hand or a detector's box is off by. */
const shiftOf = ({ height }: Pixels) => Math.round(height / 10);
/** Of the cross-entropy of true labels beside the divergence. */
const labelWeight = 0.5;

/** A code of few pictures needs as many steps as one of many. */
const [fewestSteps, fewestEpochs, mostEpochs] = [3000, 12, 1000];

const epochsFor = (pictures: number, batch: number): number =>
  Math.max(fewestEpochs, Math.min(Math.ceil(fewestSteps / Math.floor(pictures / batch)), mostEpochs));

/**
 * @param divided head and tail at the cut, for any batch
 * @throws CutlineError CODE_CUT, CODE_RATE, DATA_TOO_FEW, USAGE for an answer or labels that do not fit the model, TRAINING_DIVERGED, TRAINING_STALLED, NO_GRADIENT_RULE; CANCELLED only where
 *   no epoch has ended
 */
export async function harden(
  engine: Engine,
  divided: Divided,
  source: Source,
  options: HardenOptions,
): Promise<Hardened> {
  const { random, signal, preprocessing, cut, batch, tune } = options;
  const { head, tail } = await divided(batch);
  const activation = activationAt(cut, { head, tail });
  const code = codeShape(cut, activation, preprocessing, options.bits, options.levels);
  // Who compares is judged by whole batches.
  const fewest = options.adversary.reidentification > 0 ? Math.max(fewestHeld, batch) : fewestHeld;
  const held = Math.max(fewest, Math.min(Math.ceil(source.count / 20), mostHeld));
  const wanted = held + Math.max(fewestLearnt, 2 * batch);
  if (source.count < wanted) {
    throw new CutlineError('DATA_TOO_FEW', { name: 'harden', wanted, found: source.count, split: 'training' });
  }
  const picture = pictureFor(preprocessing);
  const floats = tail.outputs.filter((v) => v.dtype === 'float32' && v.shape[0] === batch);
  const compared = floats.map((v) => v.name);
  if (compared.length === 0)
    throw new CutlineError('CODE_CUT', { cut, problem: 'the model has no answer in float32 for each picture' });
  const { count, views } = room(
    { count: source.count, views: options.views },
    wanted,
    options.memoryBytes - (tune === 'head' ? 2 * scaledBy * sizeOf(activation) : 0),
    keptBytes(tune === 'head' ? sizeOf(inputShape(1, preprocessing)) : 2 * sizeOf(activation), floats, picture),
  );
  const order = Array.from(random.fork('pictures').permutation(source.count).subarray(0, count));
  const looks = (indices: readonly number[], view: number, keep: Kept = tune === 'head' ? 'pixels' : 'features') => {
    const shifts = random.fork(`view ${view}`);
    const change = (pixels: Pixels) => ({ ...pixels, data: flipAndShift(pixels, shifts, shiftOf(pixels)) });
    return computed(engine, divided, source, indices, {
      preprocessing,
      ...(view > 0 && { change }),
      compared,
      picture,
      keep,
      signal,
      onProgress: (done) => options.onProgress?.({ phase: 'features', done: (view + done) / views }),
    });
  };
  const aside = await looks(order.slice(0, held), 0);
  const kind = options.answer ?? guessKind(Object.values(aside.answers), options.classes);
  requireAnswer(cut, kind, aside.answers[compared[0]!]!, {
    labels: source.labels,
    classes: options.classes,
    entropy: options.adversary.entropy,
  });
  const labelled = source.labels !== undefined;
  const learnt = order.slice(held);
  const variants: Known[] = [];
  for (let view = 0; view < views; view++) variants.push(await looks(learnt, view));
  const plain = variants[0]!;

  const features = tune === 'head' ? (await looks(learnt.slice(0, scaledBy), 0, 'features')).entry : plain.entry;
  const scale = channelScale(features, code.reading);
  const answer: Answer = {
    kind,
    outputs: (kind === 'values' ? compared : compared.slice(0, 1)).map((name) => ({
      name,
      variance: varianceOf(aside.answers[name]!),
      shares: areShares(aside.answers[name]!),
    })),
  };
  // What is not compared, such as a choice of the greatest, needs no gradient.
  const outputs = tail.outputs.filter((v) => answer.outputs.some(({ name }) => name === v.name));
  const raised = raiseOpset(await inferShapes(prune({ ...tail, outputs }), engine));
  const fresh = trainingNetwork({
    batch,
    tail: raised,
    code,
    scale,
    size: options.size,
    answer,
    adversary: options.adversary,
    labelWeight: labelled ? labelWeight : 0,
    featureWeight: options.featureWeight ?? (tune === 'head' || kind === 'classes' ? 0 : 0.3),
    picture,
    floor: await similarityOfMean(engine, aside.pictures),
    random: random.fork('weights'),
  });
  const untrained = await fromPrincipal(engine, fresh, features, {
    code,
    scale,
    random: random.fork('principal'),
    signal,
  });
  const behind = tune === 'head' ? await withHead(engine, head, untrained, preprocessing) : untrained;
  const network = await inferShapes(behind, engine);
  // The formulas' own constants, such as the window of SSIM, are no weights.
  const own = tunedWeights({ head, tail }, await divided(batch + 1), raised, tune);
  const [ofHead, ofTail] = options.fineTune > 0 ? [own.ofHead, own.ofTail] : [new Set<string>(), new Set<string>()];
  const isTrained = (name: string) => ofTail.has(name) || ofHead.has(name) || isCode(name) || isAdversary(name);
  const judge = heldOutJudge(engine, network, aside, { batch, code, kind, tail, signal });
  const { best, stopped } = await learn(
    engine,
    network,
    { views: variants, code, kind, isTrained, judge },
    { ...options, epochs: options.epochs ?? epochsFor(learnt.length, batch) },
  );
  const chosen = (is: (name: string) => boolean) => new Map([...best.weights].filter(([name]) => is(name)));
  const weights = {
    ofHead: chosen((name) => ofHead.has(name)),
    behind: chosen((name) => !ofHead.has(name) && !isAdversary(name)),
  };
  return { code, scale, weights, answer: kind, pictures: count, best: best.report, stopped };
}

function varianceOf(tensor: Tensor): number {
  const data = asFloat32(tensor);
  let [sum, squares] = [0, 0];
  for (const v of data) {
    sum += v;
    squares += v * v;
  }
  return Math.max(0, squares / data.length - (sum / data.length) ** 2);
}
