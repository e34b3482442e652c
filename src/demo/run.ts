/**
 * The main job from end to end: profile this machine, attack every cut, plan, and run the plan as three processes.
 * Everything in the report was measured in this run.
 */
import { readFile, rm } from 'node:fs/promises';
import { arch, availableParallelism, cpus } from 'node:os';
import { basename, extname, join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { brokerSettingsSchema, connectOptions } from '../broker/index.ts';
import { type Dataset, openDataset, preprocess, readCard } from '../data/index.ts';
import { profileMachine } from '../device/profiler/index.ts';
import { createComputingEngine, createEngine, type Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { checkWritable, writeAtomically } from '../files.ts';
import { bindBatch, findCuts, inferShapes, loadModel, modelSha256, readModel } from '../model/index.ts';
import { defaultDefenses, makePlan, readAudit, relaxationText, writePlan } from '../planner/index.ts';
import { type Cell, leakageOf, runAudit, Subject } from '../privacy/audit/index.ts';
import type { Profile } from '../profile/index.ts';
import { writeProfile } from '../profile/index.ts';
import { contactSheet, htmlReport, type SheetRow } from '../report/index.ts';
import { type Comparison, compare } from './compare.ts';
import { requireOwnFolder } from './folder.ts';
import { type DemoPicture, picturesFor } from './pictures.ts';
import { runCutline } from './processes.ts';

export interface DemoOptions {
  readonly out: string;
  readonly model: string;
  readonly data: string;
  /** Pictures sent through the split model. */
  readonly images: number;
  /** Pictures attacked at each cut. */
  readonly victims: number;
  readonly iterations: number;
  readonly maxSsim: number;
  readonly minAccuracy: number;
  readonly seed: number;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface DemoResult {
  readonly format: 'cutline.demo/1';
  readonly report: string;
  readonly chosen: { readonly cut: string; readonly defense: string; readonly codec: string };
  readonly ssim: { readonly mean: number; readonly low: number; readonly high: number } | null;
  readonly images: number;
  readonly agreement: number;
  readonly greatestDifference: number;
  readonly accuracy: Comparison['accuracy'] | null;
  readonly latencyMs: { readonly p50: number; readonly p95: number };
  readonly seconds: number;
}

/** @throws CutlineError NO_FEASIBLE_PLAN, DEMO_PROCESS, and what each step throws */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { out, log, signal } = options;
  const started = performance.now();
  await requireOwnFolder(out);
  // Minutes of work lie before the report.
  await checkWritable(join(out, 'report.html'));
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const broker = runCutline(['broker', '--port', '0', '--json'], log, signal);
    stops.push(() => broker.stop());
    const { url } = z.object({ url: z.string() }).parse(await broker.firstDocument);
    // An attack on a network so small keeps one thread busy.
    const engines = await Promise.all(
      Array.from({ length: Math.min(2, availableParallelism()) }, () => createComputingEngine({ threads: 1 })),
    );
    stops.push(...engines.map((engine) => () => engine.close()));

    const subject = await openSubject(engines[0]!, options);
    log('profiling this machine, the link and the model');
    const profile = await profileOf(subject, url, options);
    const planned = await attackAndPlan(engines, subject, profile, options);
    const planPath = await writePlan(join(out, 'plan'), planned.plan, planned.outcome);

    log(`sending ${options.images} pictures through broker, agent and consumer`);
    const plain = await createEngine();
    stops.push(() => plain.close());
    const pictures = await picturesFor(
      plain,
      subject.graph,
      subject.data,
      subject.card.preprocessing,
      options.images,
      join(out, 'images'),
    );
    const results = await serve(url, planPath, pictures, options, stops);
    const comparison = compare(pictures, results);

    const sheet = await contactSheet(planned.truth, planned.rows);
    await writeAtomically(join(out, 'sheet.png'), sheet);
    const report = join(out, 'report.html');
    const { chosen } = planned;
    await writeAtomically(
      report,
      htmlReport({
        title: `${subject.name} on ${subject.data.name.split(':')[0]}`,
        created: new Date().toISOString(),
        model: { name: subject.name, sha256: subject.sha256 },
        data: { name: subject.data.name.split(':')[0]!, sha256: subject.data.sha256, victims: options.victims },
        plan: {
          chosen,
          candidates: planned.outcome.result.candidates,
          thresholds: planned.plan.thresholds,
          audits: planned.outcome.audits,
        },
        attacks: planned.results,
        failed: planned.failed,
        exposure: planned.exposure,
        run: comparison,
        sheet,
        environment: {
          machine: `${cpus()[0]?.model ?? arch()}, ${cpus().length} cores`,
          node: process.version,
          broker: 'embedded (aedes), MQTT 3.1.1, loopback',
        },
        digests: { model: subject.sha256, 'data set': subject.data.sha256, plan: planned.plan.planId },
      }),
    );
    if (signal.aborted) throw new CutlineError('CANCELLED');
    const sorted = [...comparison.latencyMs].sort((a, b) => a - b);
    return {
      format: 'cutline.demo/1',
      report,
      chosen: { cut: chosen.cut, defense: chosen.defense, codec: chosen.codec },
      ssim: chosen.leakage?.ssim ?? null,
      images: comparison.images,
      agreement: comparison.agreement,
      greatestDifference: comparison.greatestDifference,
      accuracy: comparison.accuracy ?? null,
      latencyMs: { p50: sorted[Math.floor(sorted.length / 2)]!, p95: sorted[Math.floor(sorted.length * 0.95)]! },
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function openSubject(engine: Engine, { model, data, signal, log }: DemoOptions) {
  const card = await readCard(model);
  const unbound = await loadModel(model);
  const graph = await inferShapes(bindBatch(unbound, 1), engine);
  const dataset: Dataset = await openDataset(data, { size: card.preprocessing, signal, note: log });
  const sha256 = modelSha256(await readModel(model));
  return {
    path: model,
    name: basename(model, extname(model)),
    card,
    unbound,
    graph,
    sha256,
    cuts: findCuts(graph),
    data: dataset,
  };
}
type DemoSubject = Awaited<ReturnType<typeof openSubject>>;

/** One profile stands for device, cloud and link: all three are this machine. */
async function profileOf(subject: DemoSubject, url: string, { out, log, signal }: DemoOptions): Promise<Profile> {
  const connect = await connectOptions(brokerSettingsSchema.parse({ url }), '.', { clientId: 'cutline-demo-profile' });
  const profile = await profileMachine({
    name: 'this-machine',
    created: new Date(),
    model: subject,
    connect,
    meter: 'auto',
    budgetMs: 5000,
    signal,
    log: (line) => log(`profile: ${line}`),
  });
  await writeProfile(join(out, 'profile.yaml'), profile);
  return profile;
}

/** The result that leaks most, by which a cell is shown. */
const strongestOf = (results: Cell['results']) =>
  results.length > 0 ? results.reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a)) : undefined;

async function attackAndPlan(engines: readonly Engine[], subject: DemoSubject, profile: Profile, options: DemoOptions) {
  const { out, log, signal, seed, victims, iterations } = options;
  const { preprocessing, labels, input } = subject.card;
  const engine = engines[0]!;
  const opened = await Subject.open(engine, subject.unbound, preprocessing);
  log('attacking every cut');
  const { audit, auditor, cells } = await runAudit(engines, opened, subject.data, {
    images: victims,
    seed,
    attacks: ['rmle', 'answer'],
    rmle: { solver: 'lbfgs', iterations },
    defenses: ['none'],
    modelSha256: subject.sha256,
    signal,
    onCell: ({ results, failed }) => {
      for (const r of results) log(`  ${r.cut}, ${r.attack}: SSIM ${r.ssim.mean.toFixed(3)}`);
      for (const f of failed) log(`  ${f.message}`);
    },
  });
  const auditPath = join(out, 'audit.json');
  await writeAtomically(auditPath, `${JSON.stringify(audit, null, 2)}\n`);
  const all: Cell[] = [...cells];
  const calibration = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => ({
      [input]: preprocess(await subject.data.train.pixels([i]), preprocessing),
    })),
  );
  log('planning, and attacking noise where it could pay');
  const outcome = await makePlan({
    model: subject,
    profiles: { device: profile, cloud: profile, link: profile },
    thresholds: {
      threat: 'white-box',
      maxSsim: options.maxSsim,
      minAccuracy: options.minAccuracy,
      objective: 'latency',
      requireSplit: true,
    },
    codecs: ['float32', 'uint8'],
    defenses: defaultDefenses,
    picture: { input, preprocessing, ...(labels && { labels }) },
    created: new Date(),
    engine,
    signal,
    audit: await readAudit(auditPath, subject.sha256),
    pictures: {
      calibration,
      dataSha256: subject.data.sha256,
      resolve: (cut, defense) => auditor.resolved(cut, defense, signal),
      seed,
      audit: async (cut, defense, stop) => {
        log(`  ${cut} with ${defense}`);
        const cell = await auditor.audit(cut, defense, stop);
        all.push(cell);
        for (const f of cell.failed) log(`  ${f.message}`);
        return { results: cell.results, leakage: leakageOf(cell.results, cell.failed), failed: cell.failed };
      },
    },
  });
  const { plan, result } = outcome;
  if (!plan || !result.chosen) throw new CutlineError('NO_FEASIBLE_PLAN', { relax: relaxationText(result.relaxation) });
  const chosen = result.chosen;
  const rows = all.flatMap(({ results, pictures }): SheetRow[] => {
    const r = strongestOf(results);
    // Noise is shown where it was chosen; every cut is shown without it.
    if (!r || !pictures || (r.defense !== 'none' && (r.cut !== chosen.cut || r.defense !== chosen.defense))) return [];
    const scores = `SSIM ${r.ssim.mean.toFixed(3)}  PSNR ${r.psnr.mean.toFixed(1)} dB`;
    return [
      { label: r.cut, details: [r.attack, r.defense, scores], images: pictures, leaks: r.ssim.high > options.maxSsim },
    ];
  });
  return {
    plan,
    chosen,
    outcome,
    rows,
    truth: auditor.truth.victims,
    results: all.flatMap((c) => c.results),
    failed: all.flatMap((c) => c.failed),
    exposure: all.map((c) => c.exposure),
  };
}

/** @returns the agent's results file */
async function serve(
  url: string,
  planPath: string,
  pictures: readonly DemoPicture[],
  { out, log, signal }: DemoOptions,
  stops: (() => Promise<unknown>)[],
): Promise<string> {
  const common = { broker: { url }, fleet: 'demo', plan: join('plan', basename(planPath)) };
  const consumerConfig = join(out, 'consumer.yaml');
  const agentConfig = join(out, 'agent.yaml');
  await writeAtomically(consumerConfig, stringify(common));
  await writeAtomically(agentConfig, stringify({ ...common, device: 'camera-1' }));
  const results = join(out, 'results.jsonl');
  await rm(results, { force: true });
  const consumer = runCutline(['consumer', '--config', consumerConfig, '--give-up-after', '20'], log, signal);
  stops.push(() => consumer.stop());
  // A first picture that nobody waits for would be sent again two seconds later, and stand in the figures.
  await consumer.said('ready: serving plan');
  const files = pictures.map((p) => p.path);
  const agent = runCutline(
    ['agent', '--config', agentConfig, '--json', '--results', results, '--give-up-after', '20', '--images', ...files],
    log,
    signal,
  );
  stops.push(() => agent.stop());
  const agentOutput = await agent.finished;
  await writeAtomically(join(out, 'agent.json'), agentOutput);
  return readFile(results, 'utf8');
}
