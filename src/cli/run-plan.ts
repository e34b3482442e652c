/** `cutline plan`: opens what the options name, plans, writes. */

import { join } from 'node:path';
import { defaultCodecs } from '../codecs.ts';
import {
  type Dataset,
  openDataset,
  type Preprocessing,
  preprocess,
  preprocessingFor,
  readCard,
} from '../data/index.ts';
import { accuracy, createEngine, type Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { exampleInputs, pictureInput, resolveCut, type Tensors } from '../model/index.ts';
import {
  type Candidate,
  codecs,
  type Plan,
  type Protocol,
  readProtocol,
  readRequirements,
  type Thresholds,
  withoutSearch,
} from '../plan/index.ts';
import {
  type AuditCandidate,
  conflictText,
  defaultDefenses,
  makePlan,
  type PlanOutcome,
  type PlanRequest,
  planFiles,
  readAudit,
  refuseContradictions,
  relaxationText,
  writePlan,
} from '../planner/index.ts';
import { readProfile } from '../profile/index.ts';
import { secondsOf } from './duration.ts';
import { type OpenModel, openModel } from './open-model.ts';
import { writeAll } from './output.ts';
import { checkOutputs } from './outputs.ts';
import type { Progress } from './progress.ts';
import { oneOf, type ThresholdArguments, thresholdsOf, within } from './thresholds.ts';

export interface PlanArguments extends ThresholdArguments {
  readonly model: string;
  readonly device: string;
  readonly cloud: string;
  readonly link: string;
  readonly audit: string | undefined;
  readonly data: string | undefined;
  readonly maxPacketBytes: number | undefined;
  /** A file of requirements; options go before it. */
  readonly requirements?: string | undefined;
  readonly codecs: readonly string[];
  readonly defenses: readonly string[];
  /** A name that is shipped, or a file. */
  readonly protocol: string;
  /** Default: as many as the protocol asks for. */
  readonly images: number | undefined;
  /** Of all audits made here: 20m, or all. */
  readonly budget?: string | undefined;
  readonly iterations: number | undefined;
  readonly seed: number;
  readonly shapes: readonly string[];
  readonly inputs?: readonly string[];
  readonly threads: number | undefined;
  readonly out: string | undefined;
}

/** Who attacks for a plan. */
export interface PlanAuditor {
  readonly audit: AuditCandidate;
  /** The canonical spec at a cut, what it leaves open measured. */
  readonly resolve: (cut: string, defense: string) => Promise<string>;
  /** Who was attacked; known once somebody was. */
  readonly victims: () => { readonly count: number; readonly sha256: string } | undefined;
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

/** What stands beside the choice, in either document. */
export interface BesideFields {
  readonly alternatives: PlanOutcome['beside']['alternatives'];
  readonly costOnly: PlanOutcome['beside']['costOnly'];
  readonly asked?: PlanOutcome['beside']['asked'];
  /** The candidates in few rows; the fields of each are in `candidates`. */
  readonly table: {
    readonly rows: readonly (Pick<Candidate, 'cut' | 'defense' | 'codec'> & { readonly ties: number })[];
    readonly rest: PlanOutcome['beside']['collapsed']['rest'];
  };
}

/** The document of a search without a feasible plan; with one it is the plan with the search beside it. */
export interface NoPlan extends Pick<PlanOutcome['result'], 'candidates' | 'pareto' | 'conflict'>, BesideFields {
  readonly format: 'cutline.no-plan/1';
  readonly code: 'NO_FEASIBLE_PLAN';
  readonly message: string;
  readonly chosen: null;
  readonly audits: PlanOutcome['audits'];
}

type SearchFields = Pick<
  Plan,
  'chosen' | 'candidates' | 'pareto' | 'audits' | 'alternatives' | 'costOnly' | 'asked' | 'table'
>;

/** What `cutline plan --json` prints: the plan, and what it was chosen from. */
export interface PlanWithSearch extends Omit<Plan, keyof SearchFields>, BesideFields {
  readonly chosen: Candidate;
  readonly candidates: readonly Candidate[];
  readonly pareto: readonly Candidate[];
  readonly audits: PlanOutcome['audits'];
}

export interface PlanAnswer {
  /** The candidates in few rows. */
  readonly collapsed: PlanOutcome['beside']['collapsed'];
  readonly document: PlanWithSearch | NoPlan;
  /** Where plan.json was written. */
  readonly path: string | undefined;
  /** What could not be written after all. */
  readonly unwritten: readonly CutlineError[];
}

/** Pictures for calibration, of the training split: victims come from the other. */
const CALIBRATION_PICTURES = 8;
const ACCURACY_PICTURES = 500;

/**
 * @param auditor needed with `data` only
 * @throws CutlineError for every option, file and profile that does not do; never because nothing is feasible
 */
export async function runPlan(
  options: PlanArguments,
  signal: AbortSignal,
  log: (line: string) => void,
  auditor: ((setting: AuditSetting) => PlanAuditor) | undefined,
  progress?: AuditSetting['progress'],
): Promise<PlanAnswer> {
  const requirements = options.requirements === undefined ? {} : await readRequirements(options.requirements);
  const asked = thresholdsOf(options, requirements);
  refuseContradictions(asked);
  const chosenCodecs = options.codecs.map((c) => oneOf('--codec', c, codecs));
  if (options.audit === undefined && options.data === undefined) {
    throw new CutlineError('USAGE', {
      problem: 'Give --audit FILE (from cutline audit --json) or --data SET: no cut is taken without a measurement.',
    });
  }
  if (options.maxPacketBytes !== undefined) within('--max-packet-bytes', options.maxPacketBytes, 1);
  const { out } = options;
  await checkOutputs({ folders: { '--out': out }, data: options.data });
  if (out !== undefined) {
    const files = Object.fromEntries(planFiles.map((name) => [`--out: ${name}`, join(out, name)]));
    await checkOutputs({ files, inputs: [options.model] });
  }
  const [device, cloud, link] = await Promise.all([options.device, options.cloud, options.link].map(readProfile));
  const protocol = await readProtocol(options.protocol);
  const engine = await createEngine(
    options.threads === undefined ? {} : { threads: within('--threads', options.threads, 1) },
  );
  try {
    const model = await openModel(options.model, options, engine);
    const picture = await pictureOf(options.model, model);
    requirePictureAlone(model, picture);
    const thresholds = {
      ...asked,
      ...(asked.at !== undefined && { at: resolveCut(model.cuts, asked.at, model.graph).id }),
    };
    refuseContradictions(thresholds);
    const audit = options.audit === undefined ? undefined : await readAudit(options.audit, model.sha256, model.fixed);
    const pictures =
      options.data === undefined || !auditor
        ? undefined
        : await openPictures(
            options,
            options.data,
            { model, picture, protocol, engine, thresholds },
            auditor,
            signal,
            log,
            progress,
          );
    const defenses = options.defenses.length > 0 || !pictures ? options.defenses : defaultDefenses;
    const outcome = await makePlan({
      model,
      profiles: { device: device!, cloud: cloud!, link: link! },
      thresholds,
      protocol,
      codecs: chosenCodecs.length > 0 ? chosenCodecs : defaultCodecs,
      defenses,
      picture,
      created: new Date(),
      engine,
      signal,
      onAudit: ({ cut, defense, done }) => log(`audit ${done + 1}: cut ${cut}, defense ${defense}`),
      ...(audit && { audit }),
      ...(pictures && { pictures }),
      ...(options.maxPacketBytes !== undefined && { maxPacketBytes: options.maxPacketBytes }),
    });
    return await answer(outcome, options.out);
  } finally {
    await engine.close();
  }
}

async function answer(outcome: PlanOutcome, out: string | undefined): Promise<PlanAnswer> {
  const { plan, result, audits } = outcome;
  const { candidates, pareto, chosen } = result;
  const { collapsed } = outcome.beside;
  const beside = besideFields(outcome.beside);
  if (!plan || !chosen) {
    const relax = conflictText(result.conflict) + relaxationText(result.relaxation);
    const { message } = new CutlineError('NO_FEASIBLE_PLAN', { relax });
    const document: NoPlan = {
      format: 'cutline.no-plan/1',
      code: 'NO_FEASIBLE_PLAN',
      message,
      chosen: null,
      candidates,
      pareto,
      audits,
      conflict: result.conflict,
      ...beside,
    };
    return { document, collapsed, path: undefined, unwritten: [] };
  }
  let path: string | undefined;
  const write = async (folder: string) => {
    path = await writePlan(folder, plan, outcome);
  };
  const unwritten = await writeAll([out !== undefined && (() => write(out))]);
  return {
    document: { ...withoutSearch(plan), chosen, candidates, pareto, audits, ...beside },
    collapsed,
    path,
    unwritten,
  };
}

function besideFields({ alternatives, costOnly, asked, collapsed }: PlanOutcome['beside']): BesideFields {
  const rows = collapsed.rows.map(({ candidate: { cut, defense, codec }, ties }) => ({ cut, defense, codec, ties }));
  return { alternatives, costOnly, ...(asked && { asked }), table: { rows, rest: collapsed.rest } };
}

/** What is planned, once it is open. */
interface Planned {
  readonly model: OpenModel;
  readonly picture: Plan['picture'];
  readonly protocol: Protocol;
  readonly engine: Engine;
  readonly thresholds: Thresholds;
}

async function openPictures(
  options: PlanArguments,
  spec: string,
  { model, picture, protocol, engine, thresholds }: Planned,
  auditor: (setting: AuditSetting) => PlanAuditor,
  signal: AbortSignal,
  log: (line: string) => void,
  progress: AuditSetting['progress'],
): Promise<NonNullable<PlanRequest['pictures']>> {
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
  return {
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

/** An agent has nothing but pictures to feed a head with. */
function requirePictureAlone({ path, graph }: OpenModel, picture: Plan['picture']): void {
  if (graph.inputs.length < 2) return;
  const name = picture?.input ?? pictureInput(graph) ?? 'the picture';
  const beside = graph.inputs.filter((v) => v.name !== name);
  throw new CutlineError('PLAN_BESIDE', {
    inputs: beside.map((v) => v.name).join(', '),
    picture: name,
    example: `cutline plan ${path} … ${exampleInputs(beside)}`,
  });
}

/** From the model card; null without one. */
async function pictureOf(path: string, model: OpenModel): Promise<Plan['picture']> {
  try {
    const { input, preprocessing, labels } = await readCard(path);
    if (!model.graph.inputs.some((v) => v.name === input)) {
      throw new CutlineError('CARD_INVALID', { path, problem: `the model has no input ${input}` });
    }
    return { input, preprocessing, ...(labels && { labels }) };
  } catch (error) {
    if (error instanceof CutlineError && error.code === 'FILE_NOT_FOUND') return null;
    throw error;
  }
}
