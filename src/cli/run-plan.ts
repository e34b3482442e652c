/** `cutline plan`: opens what the options name, plans, writes. */

import { join } from 'node:path';
import { offeredCodecs } from '../codecs.ts';
import { readCard } from '../data/index.ts';
import { createEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { ifThere } from '../if-there.ts';
import { exampleInputs, pictureInput, resolveCut } from '../model/index.ts';
import { codecs, type Plan, readProtocol, readRequirements } from '../plan/index.ts';
import {
  defaultDefenses,
  makePlan,
  makeRoute,
  openTiers,
  planFiles,
  readAudit,
  readTiers,
  refuseContradictions,
} from '../planner/index.ts';
import { readProfile } from '../profile/index.ts';
import { type OpenModel, openModel } from './open-model.ts';
import { checkOutputs } from './outputs.ts';
import { answerOf, type PlanAnswer } from './plan-answer.ts';
import { type AuditSetting, openPictures, type PlanAuditor } from './plan-pictures.ts';
import { planReport } from './plan-report.ts';
import { type RangedArguments, rangedOf } from './ranged.ts';
import { type RouteAnswer, routeAnswer } from './route-answer.ts';
import { oneOf, type ThresholdArguments, thresholdsOf, within } from './thresholds.ts';

export interface PlanArguments extends ThresholdArguments, Omit<RangedArguments, 'at' | 'tiers'> {
  readonly model: string;
  readonly device: string | undefined;
  readonly cloud: string | undefined;
  readonly link: string | undefined;
  /** A file of tiers and links, instead of the three. */
  readonly tiers?: string | undefined;
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
  /** Where the page goes. */
  readonly report?: string | undefined;
}

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
): Promise<PlanAnswer | RouteAnswer> {
  const requirements = options.requirements === undefined ? {} : await readRequirements(options.requirements);
  const asked = thresholdsOf(options, requirements);
  refuseContradictions(asked);
  const ranged = rangedOf({ ...options, at: asked.at });
  const chosenCodecs = options.codecs.map((c) => oneOf('--codec', c, codecs));
  if (options.audit === undefined && options.data === undefined) {
    throw new CutlineError('USAGE', {
      problem: 'Give --audit FILE (from cutline audit --json) or --data SET: no cut is taken without a measurement.',
    });
  }
  if (options.maxPacketBytes !== undefined) within('--max-packet-bytes', options.maxPacketBytes, 1);
  const { out, report } = options;
  if (options.tiers !== undefined && (report ?? out) !== undefined) {
    const flag = report === undefined ? '--out' : '--report';
    throw new CutlineError('USAGE', {
      problem: `${flag} is of a plan: give --device, --cloud and --link, not --tiers, which prints a route.`,
    });
  }
  await checkOutputs({
    folders: { '--out': out },
    files: { '--report': report },
    inputs: [options.model, ...(options.audit === undefined ? [] : [options.audit])],
    data: options.data,
  });
  if (out !== undefined) {
    const files = Object.fromEntries(planFiles.map((name) => [`--out: ${name}`, join(out, name)]));
    await checkOutputs({ files: { ...files, '--report': report }, inputs: [options.model] });
  }
  const tiers = options.tiers === undefined ? undefined : await openTiers(await readTiers(options.tiers), readProfile);
  const profiles = tiers ? undefined : await profilesOf(options);
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
    // What costs accuracy is offered where accuracy is asked for and can be measured.
    const measures = !!pictures && (thresholds.minAccuracy ?? thresholds.minAgreement) !== undefined;
    const request = {
      model,
      thresholds,
      protocol,
      codecs: chosenCodecs.length > 0 ? chosenCodecs : offeredCodecs(measures),
      defenses,
      picture,
      ranged,
      created: new Date(),
      engine,
      signal,
      onAudit: ({ cut, defense, done }: { cut: string; defense: string; done: number }) =>
        log(`audit ${done + 1}: cut ${cut}, defense ${defense}`),
      ...(audit && { audit }),
      ...(pictures && { pictures }),
      ...(options.maxPacketBytes !== undefined && { maxPacketBytes: options.maxPacketBytes }),
    };
    if (tiers) return routeAnswer(await makeRoute(request, tiers));
    const outcome = await makePlan({ ...request, profiles: profiles! });
    if (report === undefined) return await answerOf(outcome, out);
    const data = { name: options.data ?? options.audit!, sha256: pictures?.dataSha256 ?? audit!.dataSha256 };
    const about = { model, data, protocol, thresholds, created: request.created, seen: pictures?.seen() };
    return await answerOf(outcome, out, { path: report, markup: await planReport(outcome, about) });
  } finally {
    await engine.close();
  }
}

/** @throws CutlineError USAGE */
async function profilesOf({ device, cloud, link }: PlanArguments) {
  if (device === undefined || cloud === undefined || link === undefined) {
    throw new CutlineError('USAGE', { problem: 'Give --device, --cloud and --link, or --tiers FILE.' });
  }
  const [d, c, l] = await Promise.all([device, cloud, link].map(readProfile));
  return { device: d!, cloud: c!, link: l! };
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
  const card = await ifThere(readCard(path));
  if (!card) return null;
  const { input, preprocessing, labels } = card;
  if (!model.graph.inputs.some((v) => v.name === input)) {
    throw new CutlineError('CARD_INVALID', { path, problem: `the model has no input ${input}` });
  }
  return { input, preprocessing, ...(labels && { labels }) };
}
