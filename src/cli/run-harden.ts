/** `cutline harden`: learns a code at a cut, writes the network with its card, and has it judged by attackers that never met it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cardPath,
  type Dataset,
  inputShape,
  openDataset,
  type Preprocessing,
  type PreprocessingFlags,
  preprocessingFor,
} from '../data/index.ts';
import { createComputingEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { makeFolder } from '../files.ts';
import {
  bindAllButBatch,
  encodeModel,
  type Graph,
  inferBatchShapes,
  modelSha256,
  openNetwork,
  split,
} from '../model/index.ts';
import { readProtocol } from '../plan/index.ts';
import { Subject } from '../privacy/audit/index.ts';
import {
  type Adversary,
  type AnswerKind,
  type CoderSize,
  type Hardened,
  hardenedGraph,
  type Levels,
  type Tune,
} from '../training/harden/index.ts';
import { checkHarden } from './check-harden.ts';
import { checkpointStore } from './checkpoint-store.ts';
import { hardenText } from './harden-text.ts';
import { hardenedCard } from './hardened-card.ts';
import { judged } from './judge-hardened.ts';
import { learnCode } from './learn-code.ts';
import { note, print } from './output.ts';
import { checkOutputs } from './outputs.ts';
import { progressBar } from './progress.ts';
import { saveTrained } from './save-trained.ts';
import { stopSignal } from './stop.ts';
import { type UtilityKept, utilitiesKept } from './utility-kept.ts';

export interface HardenSettings {
  readonly model: string;
  readonly at: string;
  readonly bits: readonly string[];
  readonly data: string;
  readonly out: string;
  readonly levels: Levels;
  /** Default: see `HardenOptions`. */
  readonly epochs: number | undefined;
  readonly batch: number;
  readonly learningRate: number;
  readonly fineTune: number;
  readonly views: number;
  readonly size: CoderSize;
  readonly tune: Tune;
  readonly adversary: Adversary;
  readonly answer: AnswerKind | undefined;
  readonly labels: boolean;
  readonly minUtility: number | undefined;
  /** Undefined: not judged. */
  readonly protocol: string | undefined;
  readonly pictures: number | undefined;
  readonly resume: boolean;
  readonly seed: number;
  readonly memoryGb: number;
  readonly threads: number | undefined;
  readonly shapes: readonly string[];
  readonly inputs: readonly string[];
  readonly preprocessing: PreprocessingFlags;
  readonly json: boolean | undefined;
}

/** What is known once it is trained, for whoever writes it down. */
export interface Trained {
  readonly hardened: Hardened;
  readonly graph: Graph;
  readonly sha256: string;
  readonly fromSha256: string;
  readonly dataSha256: string;
  readonly preprocessing: Preprocessing;
  /** By rate. */
  readonly utility: readonly UtilityKept[];
}

export async function runHarden(settings: HardenSettings): Promise<void> {
  checkHarden(settings);
  const started = performance.now();
  const { out, json, minUtility } = settings;
  const [path, evidencePath] = [join(out, 'hardened.onnx'), join(out, 'evidence.json')];
  const files = { 'hardened.onnx': path, 'hardened.card.yaml': cardPath(path), 'evidence.json': evidencePath };
  const { model, data: place } = settings;
  await checkOutputs({ folders: { '--out': out }, files, inputs: [model, cardPath(model)], data: place });
  await makeFolder(out);
  const protocol = settings.protocol === undefined ? undefined : await readProtocol(settings.protocol);
  const signal = stopSignal();
  const { threads } = settings;
  const engine = await createComputingEngine(threads ? { threads } : {});
  const bar = progressBar('harden');
  try {
    bar.phase('opening model and pictures');
    const { graph: opened, sha256 } = await openNetwork(model, settings, engine);
    const preprocessing = await preprocessingFor(model, settings.preprocessing);
    const data = await openDataset(place, { size: preprocessing, signal, note: bar.log });
    const before = await Subject.open(engine, opened, preprocessing);
    const cut = before.cut(settings.at);
    await requireAnswers(before, data, settings.at);
    const store = checkpointStore(settings, { modelSha256: sha256, dataSha256: data.sha256, preprocessing });
    const hardened = await learnCode(engine, { subject: before, data, settings, store, bar, signal });
    const graph = bindAllButBatch(opened, inputShape(1, preprocessing));
    const parts = split(await inferBatchShapes(graph, engine), cut);
    const about = { ...hardened, size: settings.size };
    const made = hardenedGraph(parts, about, hardened.weights);
    await saveTrained(made, path);
    // What was found of another network is not of this one.
    await rm(evidencePath, { force: true });
    if (hardened.stopped) note('harden: stopped; the best so far is kept, and not judged. --resume goes on');
    bar.phase('looking at what is left of the answers');
    const nows = hardened.code.rates.map(({ channels }) =>
      Subject.open(engine, hardenedGraph(parts, about, hardened.weights, channels), preprocessing),
    );
    const subjects = { nows: await Promise.all(nows), before };
    const utility = await utilitiesKept(engine, subjects, data, hardened.answer, settings.seed);
    if (!hardened.stopped) await store.clear();
    const trained: Trained = {
      hardened,
      graph: made,
      sha256: modelSha256(encodeModel(made)),
      fromSha256: sha256,
      dataSha256: data.sha256,
      preprocessing,
      utility,
    };
    const card = await hardenedCard(path, settings, trained);
    const { rates } = hardened.code;
    const reached = rates.filter((_, i) => minUtility === undefined || utility[i]!.after >= minUtility);
    const short = rates.length - reached.length;
    const evidence =
      protocol && reached.length > 0 && !hardened.stopped && !signal.aborted
        ? await unlessStopped(
            judged({
              before,
              beforeSha256: sha256,
              trained,
              rates: reached,
              data,
              protocol,
              path: evidencePath,
              settings,
              signal,
              bar,
            }),
          )
        : undefined;
    bar.stop();
    if (signal.aborted && !hardened.stopped) note('harden: stopped; the network is whole, and not judged');
    const result = {
      format: 'cutline.harden/1',
      model: path,
      card,
      evidence: evidence?.path ?? null,
      sha256: trained.sha256,
      cut: settings.at,
      bits: rates[0]!.bits,
      utility: utility[0]!,
      leakage: evidence ? { before: evidence.before, after: evidence.rates.get(rates[0]!.bits) ?? null } : null,
      rates: rates.map((rate, i) => ({
        ...rate,
        utility: utility[i]!,
        leakage: evidence?.rates.get(rate.bits) ?? null,
      })),
      answer: hardened.answer,
      pictures: hardened.pictures,
      epochs: hardened.best.epoch + 1,
      stopped: hardened.stopped || signal.aborted,
      seconds: (performance.now() - started) / 1000,
    };
    print(json, result, () => hardenText(result));
    if (short > 0) {
      const least = Math.min(...utility.map((u) => u.after));
      throw new CutlineError('UTILITY_FLOOR', {
        kind: utility[0]!.kind,
        wanted: minUtility!,
        found: least.toFixed(3),
        path,
      });
    }
  } finally {
    bar.stop();
    await engine.close();
  }
}

/** @throws CutlineError DATA_TOO_FEW, CODE_CUT where what is left of the answers could not be told in the end */
async function requireAnswers(subject: Subject, data: Dataset, cut: string): Promise<void> {
  const { count } = data.test;
  if (count === 0) throw new CutlineError('DATA_TOO_FEW', { name: 'harden', wanted: 1, found: 0, split: 'test' });
  if (subject.absent.length > 0) {
    const names = subject.absent.join(', ');
    throw new CutlineError('CODE_CUT', { cut, problem: `the model needs ${names} for its answer; fix it by --input` });
  }
  const problem = await subject.noAnswer(2);
  if (problem) throw new CutlineError('CODE_CUT', { cut, problem });
}

/** Nothing where it was stopped. */
function unlessStopped<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (error instanceof CutlineError && error.code === 'CANCELLED') return undefined;
    throw error;
  });
}
