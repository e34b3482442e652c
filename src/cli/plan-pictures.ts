/** Pictures for `cutline plan --data`: to calibrate with, to measure accuracy on, and to attack. */
import { type Dataset, openDataset, type Preprocessing, preprocess, preprocessingFor } from '../data/index.ts';
import { accuracy, type Engine } from '../engine/index.ts';
import type { Tensors } from '../model/index.ts';
import type { Plan, Protocol, Thresholds } from '../plan/index.ts';
import type { AuditCandidate, PlanRequest } from '../planner/index.ts';
import type { Cell } from '../privacy/audit/index.ts';
import type { SheetImages } from '../report/index.ts';
import { secondsOf } from './duration.ts';
import type { OpenModel } from './open-model.ts';
import type { Progress } from './progress.ts';
import type { PlanArguments } from './run-plan.ts';
import { within } from './thresholds.ts';

/** Who attacks for a plan. */
export interface PlanAuditor {
  readonly audit: AuditCandidate;
  /** The canonical spec at a cut, what it leaves open measured. */
  readonly resolve: (cut: string, defense: string) => Promise<string>;
  /** Who was attacked; known once somebody was. */
  readonly victims: () => { readonly count: number; readonly sha256: string } | undefined;
  /** What attackers saw of the victims that the search sees; undefined until somebody was attacked. */
  readonly seen: () =>
    | { readonly truth: SheetImages; readonly cells: readonly Pick<Cell, 'results' | 'pictures'>[] }
    | undefined;
}

/** What an audit of one candidate needs beside the candidate. */
export interface AuditSetting {
  readonly model: OpenModel;
  readonly dataset: Dataset;
  readonly preprocessing: Preprocessing;
  /** Name of the graph input that takes the picture. */
  readonly input: string;
  readonly threat: Plan['thresholds']['threat'];
  readonly protocol: Protocol;
  /** What is above it is refused: no attack is needed any more. */
  readonly maxSsim: number;
  readonly images: number | undefined;
  readonly iterations: number | undefined;
  readonly seed: number;
  readonly engine: Engine;
  /** Seconds for all audits. */
  readonly budget?: number | 'all' | undefined;
  readonly log: (line: string) => void;
  readonly progress?: Pick<Progress, 'phase' | 'begin' | 'update'> | undefined;
}

const CALIBRATION_PICTURES = 8;
const ACCURACY_PICTURES = 500;
/** What a codec loses is measured on so many of the test split: each asks head and tail once more. */
const SAMPLE_PICTURES = 200;

/** What is planned, once it is open. */
export interface Planned {
  readonly model: OpenModel;
  readonly picture: Plan['picture'];
  readonly protocol: Protocol;
  readonly engine: Engine;
  readonly thresholds: Thresholds;
}

export async function openPictures(
  options: PlanArguments,
  spec: string,
  { model, picture, protocol, engine, thresholds }: Planned,
  auditor: (setting: AuditSetting) => PlanAuditor,
  signal: AbortSignal,
  log: (line: string) => void,
  progress: AuditSetting['progress'],
): Promise<NonNullable<PlanRequest['pictures']> & Pick<PlanAuditor, 'seen'>> {
  const preprocessing = await preprocessingFor(options.model);
  const dataset = await openDataset(spec, { size: preprocessing, signal, note: log });
  const input = picture?.input ?? model.graph.inputs[0]!.name;
  const feeds = async (split: Dataset['train'], index: number): Promise<Tensors> => ({
    [input]: preprocess(await split.pixels([index], signal), preprocessing),
  });
  const calibration: Tensors[] = [];
  const source = dataset.train.count > 0 ? dataset.train : dataset.test;
  for (let i = 0; i < Math.min(CALIBRATION_PICTURES, source.count); i++) calibration.push(await feeds(source, i));
  const wholeAccuracy =
    thresholds.minAccuracy === undefined ? undefined : await accuracy(engine, model.graph, labelled(), signal);
  const { threat, maxSsim } = thresholds;
  const { labels, count } = dataset.test;
  return {
    sample: {
      count: Math.min(SAMPLE_PICTURES, count),
      at: (i) => feeds(dataset.test, i),
      label: (i) => labels?.[i],
      picture: { input, preprocessing },
    },
    calibration,
    dataSha256: dataset.sha256,
    seed: options.seed,
    ...(wholeAccuracy !== undefined && { accuracy: wholeAccuracy }),
    ...auditor({
      model,
      dataset,
      preprocessing,
      input,
      threat,
      maxSsim,
      protocol,
      images: options.images === undefined ? undefined : within('--images', options.images, 2),
      iterations: options.iterations,
      seed: options.seed,
      engine,
      log,
      progress,
      budget:
        options.budget === undefined || options.budget === 'all'
          ? options.budget
          : secondsOf('--budget', options.budget),
    }),
  };

  async function* labelled() {
    const { labels, count } = dataset.test;
    for (let i = 0; labels && i < Math.min(ACCURACY_PICTURES, count); i++) {
      yield { feeds: await feeds(dataset.test, i), labels: [labels[i]!] };
    }
  }
}
