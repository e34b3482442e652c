/** `cutline harden`: learns a code at a cut, writes the network with its card, and has it judged by attackers that never met it. */
import { join } from 'node:path';
import {
  type Dataset,
  openDataset,
  type Preprocessing,
  type PreprocessingFlags,
  preprocessingFor,
} from '../data/index.ts';
import { createComputingEngine, type Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { checkWritable, makeFolder } from '../files.ts';
import { encodeModel, type Graph, inferBatchShapes, modelSha256, openNetwork, split } from '../model/index.ts';
import { readProtocol } from '../plan/index.ts';
import { Subject } from '../privacy/audit/index.ts';
import { createRandom } from '../random.ts';
import {
  type Adversary,
  type AnswerKind,
  type CoderSize,
  type EpochReport,
  type Hardened,
  harden,
  hardenedGraph,
  type Levels,
} from '../training/harden/index.ts';
import { checkHarden, ratesOf } from './check-harden.ts';
import { checkpointStore } from './checkpoint-store.ts';
import { hardenText } from './harden-text.ts';
import { hardenedCard } from './hardened-card.ts';
import { judged } from './judge-hardened.ts';
import { note, print } from './output.ts';
import { checkOutputs } from './outputs.ts';
import { progressBar } from './progress.ts';
import { saveTrained } from './save-trained.ts';
import { stopSignal } from './stop.ts';
import { type UtilityKept, utilityKept } from './utility-kept.ts';

export interface HardenSettings {
  readonly model: string;
  readonly at: string;
  readonly bits: readonly string[];
  readonly data: string;
  readonly out: string;
  readonly levels: Levels;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly views: number;
  readonly size: CoderSize;
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
  await checkOutputs({ folders: { '--out': out }, inputs: [settings.model], data: settings.data });
  await makeFolder(out);
  const path = join(out, 'hardened.onnx');
  for (const file of [path, join(out, 'hardened.card.yaml'), join(out, 'evidence.json')]) await checkWritable(file);
  const protocol = settings.protocol === undefined ? undefined : await readProtocol(settings.protocol);
  const signal = stopSignal();
  const { threads } = settings;
  const engine = await createComputingEngine(threads ? { threads } : {});
  const bar = progressBar('harden');
  try {
    bar.phase('opening model and pictures');
    const { graph, sha256 } = await openNetwork(settings.model, settings, engine);
    const preprocessing = await preprocessingFor(settings.model, settings.preprocessing);
    const data = await openDataset(settings.data, { size: preprocessing, signal, note: bar.log });
    const before = await Subject.open(engine, graph, preprocessing);
    const hardened = await learn(engine, before, data, settings, bar, signal);
    const cut = before.cut(settings.at);
    const parts = split(await inferBatchShapes(graph, engine), cut);
    const about = { ...hardened, size: settings.size };
    bar.phase('looking at what is left of the answers');
    const utility: UtilityKept[] = [];
    for (const { channels } of hardened.code.rates) {
      const now = await Subject.open(engine, hardenedGraph(parts, about, hardened.weights, channels), preprocessing);
      utility.push(await utilityKept(engine, { now, before }, data, hardened.answer, settings.seed));
    }
    const made = hardenedGraph(parts, about, hardened.weights);
    await saveTrained(made, path);
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
    const reached = utility.filter((u) => minUtility === undefined || u.after >= minUtility);
    const short = utility.length - reached.length;
    const evidence =
      protocol && reached.length > 0 && !hardened.stopped && !signal.aborted
        ? await judged({ before, beforeSha256: sha256, trained, data, protocol, path, settings, signal, bar })
        : undefined;
    bar.stop();
    const [first] = hardened.code.rates;
    const result = {
      format: 'cutline.harden/1',
      model: path,
      card,
      evidence: evidence?.path ?? null,
      sha256: trained.sha256,
      cut: settings.at,
      bits: first!.bits,
      utility: utility[0]!,
      leakage: evidence ? { before: evidence.before, after: evidence.rates[0]!.leakage } : null,
      rates: hardened.code.rates.map((rate, i) => ({
        ...rate,
        utility: utility[i]!,
        leakage: evidence?.rates[i]?.leakage ?? null,
      })),
      answer: hardened.answer,
      pictures: hardened.pictures,
      epochs: hardened.best.epoch + 1,
      stopped: hardened.stopped,
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

async function learn(
  engine: Engine,
  subject: Subject,
  data: Dataset,
  settings: HardenSettings,
  bar: ReturnType<typeof progressBar>,
  signal: AbortSignal,
): Promise<Hardened> {
  const cut = subject.cut(settings.at);
  const count = Math.min(settings.pictures ?? data.train.count, data.train.count);
  const chosen = createRandom(settings.seed).fork('chosen').permutation(data.train.count).subarray(0, count);
  const store = checkpointStore(settings);
  const from = settings.resume ? await store.load() : undefined;
  if (from) bar.log(`harden: going on after epoch ${from.fit.losses.length}`);
  const { labels } = data.train;
  if (settings.labels && !labels) throw new CutlineError('USAGE', { problem: `--labels: ${data.name} has none.` });
  let phase = '';
  const hardened = await harden(
    engine,
    (n) => subject.parts(cut, n),
    {
      count,
      pixels: (indices) =>
        data.train.pixels(
          indices.map((i) => chosen[i]!),
          signal,
        ),
      labels: settings.labels ? Int32Array.from(chosen, (i) => labels![i]!) : undefined,
    },
    {
      ...settings,
      cut: settings.at,
      bits: ratesOf(settings),
      preprocessing: subject.preprocessing,
      featureWeight: undefined,
      classes: data.classes?.length,
      memoryBytes: settings.memoryGb * 2 ** 30,
      random: createRandom(settings.seed),
      from,
      keep: store.save,
      signal,
      onProgress: ({ phase: now, done }) => {
        if (now !== phase) bar.begin();
        phase = now;
        bar.update(done, now);
      },
      onEpoch: (report) => bar.log(epochText(report, settings.epochs)),
    },
  );
  if (!hardened.stopped) await store.clear();
  if (hardened.stopped) note('harden: stopped; the best so far is kept, and not judged. --resume goes on');
  return hardened;
}

function epochText({ epoch, loss, distance, agreement, similarity, isBest }: EpochReport, epochs: number): string {
  const kept = agreement === undefined ? '' : `, ${(100 * agreement).toFixed(1)} % answer as before`;
  const seen = similarity === undefined ? '' : `, SSIM of the decoder that learns along ${similarity.toFixed(3)}`;
  return `epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(4)}, distance ${distance.toFixed(4)}${kept}${seen}${isBest ? '' : ' (not better)'}`;
}
