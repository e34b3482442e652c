/**
 * The main job from end to end: profile this machine, attack every cut, plan, and run the plan as three processes.
 * Everything in the report was measured in this run.
 */

import { readFile, rm } from 'node:fs/promises';
import { arch, availableParallelism, cpus } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { z } from 'zod';
import { brokerSettingsSchema, connectOptions } from '../broker/index.ts';
import { profileMachine } from '../device/profiler/index.ts';
import { createComputingEngine, createEngine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { checkWritable, writeAtomically } from '../files.ts';
import { quantile } from '../numeric/index.ts';
import { pageProgram } from '../page-program.ts';
import type { Plan } from '../plan/index.ts';
import { recordedSearch, writePlan } from '../planner/index.ts';
import { runCutline } from '../processes.ts';
import type { Profile } from '../profile/index.ts';
import { writeProfile } from '../profile/index.ts';
import { contactSheet, htmlReport, seenPictures } from '../report/index.ts';
import { isShippedName } from '../shipped.ts';
import { attackAndPlan } from './attack-and-plan.ts';
import { type Comparison, compare } from './compare.ts';
import { requireOwnFolder } from './folder.ts';
import { type DemoPicture, picturesFor } from './pictures.ts';
import { type DemoSubject, openSubject } from './subject.ts';

/** Of this installation; demo/ lies beside cli/. */
const command = fileURLToPath(new URL('../cli/main.js', import.meta.url));

export interface DemoOptions {
  readonly out: string;
  readonly model: string;
  readonly data: string;
  /** Pictures sent through the split model. */
  readonly images: number;
  /** What the attacks do; the name of a shipped protocol, or a file. */
  readonly protocol: string;
  readonly maxSsim: number;
  /** SSIM over what the answer alone gives. */
  readonly maxGain: number | undefined;
  /** What the device can hold of the model. */
  readonly maxDownloadBytes: number | undefined;
  /** Of a hardened model: the one that it was made of, whose answers it is held against. */
  readonly original: string | undefined;
  readonly minAccuracy: number;
  readonly seed: number;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface DemoResult {
  readonly format: 'cutline.demo/1';
  readonly report: string;
  /** As it stands in plan.json. */
  readonly plan: Plan;
  /** p95 is null where a term of it has none. */
  readonly predicted: { readonly latencyMs: { readonly p50: number; readonly p95: number | null } };
  readonly measured: { readonly latencyMs: { readonly p50: number; readonly p95: number } };
  /** Of every cut and defense that was attacked. */
  readonly leakage: readonly {
    readonly cut: string;
    readonly defense: string;
    readonly attack: string;
    readonly ssim: { readonly mean: number; readonly high: number };
  }[];
  readonly chosen: { readonly cut: string; readonly defense: string; readonly codec: string };
  readonly protocol: string;
  /** Of victims that the search did not see. */
  readonly ssim: { readonly mean: number; readonly low: number; readonly high: number } | null;
  /** What is made of the answer alone: a split cannot leak less. */
  readonly floor: { readonly mean: number; readonly low: number; readonly high: number } | null;
  readonly strongest: string;
  readonly images: number;
  readonly agreement: number;
  readonly greatestDifference: number;
  readonly accuracy: Comparison['accuracy'] | null;
  readonly latencyMs: { readonly p50: number; readonly p95: number };
  readonly seconds: number;
}

/** @throws CutlineError NO_FEASIBLE_PLAN, PROCESS_ENDED, and what each step throws */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { out, log, signal } = options;
  const started = performance.now();
  await requireOwnFolder(out);
  // Minutes of work lie before the report.
  await checkWritable(join(out, 'report.html'));
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const broker = runCutline(command, ['broker', '--port', '0', '--json'], log, signal);
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
      { whole: subject.graph, unsplit: subject.unsplit },
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
        data: {
          name: subject.data.name.split(':')[0]!,
          sha256: subject.data.sha256,
          victims: planned.protocol.victims,
        },
        plan: {
          chosen,
          candidates: planned.outcome.result.candidates,
          thresholds: planned.plan.thresholds,
          protocol: planned.protocol,
          evidence: planned.plan.evidence,
          audits: planned.outcome.audits,
          alternatives: planned.outcome.beside.alternatives,
          costOnly: planned.outcome.beside.costOnly,
          collapsed: planned.outcome.beside.collapsed,
        },
        attacks: planned.results,
        failed: planned.failed,
        exposure: planned.exposure,
        run: { ...comparison, hardened: options.original !== undefined },
        again: {
          program: await pageProgram(),
          search: recordedSearch(planned.outcome.searched.input, planned.outcome.searched.findings),
          pictures: await seenPictures(planned.truth, planned.cells),
        },
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
    const latencyMs = { p50: quantile(comparison.latencyMs, 0.5), p95: quantile(comparison.latencyMs, 0.95) };
    const predicted = planned.plan.predicted.latencyMs;
    const result: DemoResult = {
      format: 'cutline.demo/1',
      report,
      plan: planned.plan,
      predicted: { latencyMs: { p50: predicted.total, p95: predicted.p95 ?? null } },
      measured: { latencyMs },
      leakage: planned.leakage,
      chosen: { cut: chosen.cut, defense: chosen.defense, codec: chosen.codec },
      protocol: planned.protocol.name,
      ssim: planned.evidence?.ssim ?? null,
      floor: planned.evidence?.floor ?? null,
      strongest: planned.evidence?.strongest ?? 'none',
      images: comparison.images,
      agreement: comparison.agreement,
      greatestDifference: comparison.greatestDifference,
      accuracy: comparison.accuracy ?? null,
      latencyMs,
      seconds: (performance.now() - started) / 1000,
    };
    await writeAtomically(join(out, 'demo.json'), `${JSON.stringify(result, null, 2)}\n`);
    return result;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** One profile stands for device, cloud and link: all three are this machine. */
async function profileOf(subject: DemoSubject, url: string, { out, log, signal }: DemoOptions): Promise<Profile> {
  const connect = await connectOptions(brokerSettingsSchema.parse({ url }), '.', { clientId: 'cutline-demo-profile' });
  const profile = await profileMachine({
    name: 'this-machine',
    created: new Date(),
    model: subject,
    connect,
    command,
    meter: 'auto',
    budgetMs: 2500,
    signal,
    log: (line) => log(`profile: ${line}`),
  });
  await writeProfile(join(out, 'profile.yaml'), profile);
  return profile;
}

/** @returns the agent's results file */
async function serve(
  url: string,
  planPath: string,
  pictures: readonly DemoPicture[],
  { out, log, signal, protocol }: DemoOptions,
  stops: (() => Promise<unknown>)[],
): Promise<string> {
  const common = { broker: { url }, fleet: 'demo', plan: join('plan', basename(planPath)) };
  const consumerConfig = join(out, 'consumer.yaml');
  const agentConfig = join(out, 'agent.yaml');
  await writeAtomically(consumerConfig, stringify(common));
  await writeAtomically(
    agentConfig,
    stringify({ ...common, device: 'camera-1', protocol: isShippedName(protocol) ? protocol : resolve(protocol) }),
  );
  const results = join(out, 'results.jsonl');
  await rm(results, { force: true });
  const consumer = runCutline(command, ['consumer', '--config', consumerConfig, '--give-up-after', '20'], log, signal);
  stops.push(() => consumer.stop());
  // A first picture that nobody waits for would be sent again two seconds later, and stand in the figures.
  await consumer.said('ready: serving plan');
  const files = pictures.map((p) => p.path);
  const agent = runCutline(
    command,
    ['agent', '--config', agentConfig, '--json', '--results', results, '--give-up-after', '20', '--images', ...files],
    log,
    signal,
  );
  stops.push(() => agent.stop());
  const agentOutput = await agent.finished;
  await writeAtomically(join(out, 'agent.json'), agentOutput);
  return readFile(results, 'utf8');
}
