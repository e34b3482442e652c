/** `cutline audit`: opens model and data, says what it will do, attacks, prints table and JSON, draws the contact sheet. */
import { openDataset, type PreprocessingFlags, preprocessingFor } from '../data/index.ts';
import { createComputingEngine, createEngine, type Engine, type EngineName } from '../engine/index.ts';
import { writeAtOnce, writeAtomically } from '../files.ts';
import { type Network, openNetwork } from '../model/index.ts';
import { type CodecName, readProtocol } from '../plan/index.ts';
import {
  type Audit,
  type AuditOptions,
  type AuditOutcome,
  lanesFor,
  prepareAudit,
  runAudit,
  Subject,
  targetsOf,
} from '../privacy/audit/index.ts';
import { auditTable, contactSheet, exposureTable, failedTable } from '../report/index.ts';
import { attackStore } from './attack-cache.ts';
import { type AttackOptions, chosenAttacks, saveDecoders } from './attack-options.ts';
import { auditOptions } from './audit-options.ts';
import { planText, workText } from './audit-text.ts';
import { checkSettings } from './check-audit.ts';
import { secondsOf } from './duration.ts';
import { pictureNamed, picturesOfCode } from './from-card.ts';
import { fail, print, writeAll } from './output.ts';
import { checkOutputs } from './outputs.ts';
import { progressBar } from './progress.ts';
import { stopSignal } from './stop.ts';
import { version } from './version.ts';

export interface AuditSettings extends AttackOptions {
  readonly model: string;
  readonly data: string;
  readonly cuts: readonly string[] | undefined;
  readonly memoryGb: number | undefined;
  /** A folder; false for none. */
  readonly cache: string | false | undefined;
  readonly saveDecoders: string | undefined;
  readonly solver: 'lbfgs' | 'adam';
  readonly formula: 'paper' | 'code' | undefined;
  readonly restarts: number | undefined;
  readonly lambdaTv: string | undefined;
  readonly learningRate: number | undefined;
  readonly defenses: readonly string[];
  readonly codecs: readonly CodecName[] | undefined;
  /** A name that is shipped, or a file: what is not said otherwise is as it asks. */
  readonly protocol: string | undefined;
  /** Of one scene. */
  readonly observations: readonly number[] | undefined;
  readonly adaptive: boolean | undefined;
  /** Looks for the first cut that is not above, and attacks few others. */
  readonly maxSsim: number | undefined;
  /** Default 100. */
  readonly images: number | undefined;
  /** 20m, or all. */
  readonly budget: string | undefined;
  readonly gallery: number | undefined;
  readonly iterations: number | undefined;
  readonly seed: number;
  readonly threads: number | undefined;
  readonly engine: EngineName;
  readonly out: string | undefined;
  readonly sheet: string | undefined;
  readonly shapes: readonly string[];
  readonly inputs?: readonly string[];
  readonly preprocessing: PreprocessingFlags;
  readonly json: boolean | undefined;
}

export async function runAuditCommand(settings: AuditSettings): Promise<void> {
  checkSettings(settings);
  const protocol = settings.protocol === undefined ? undefined : await readProtocol(settings.protocol);
  if (!protocol) chosenAttacks(settings);
  await checkOutputs({
    files: { '--out': settings.out, '--sheet': settings.sheet },
    folders: { '--save-decoders': settings.saveDecoders, '--cache': settings.cache },
    inputs: [settings.model],
    data: settings.data,
  });
  const budget =
    settings.budget === undefined || settings.budget === 'all'
      ? settings.budget
      : secondsOf('--budget', settings.budget);
  const bar = progressBar('audit');
  const store = await attackStore(settings.cache, bar.log);
  let finished: Audit | undefined;
  // At once, since a second signal may come at any time and is not waited for.
  const keep = (): boolean =>
    settings.out !== undefined &&
    finished !== undefined &&
    writeAtOnce(settings.out, `${JSON.stringify(finished, null, 2)}\n`);
  const signal = stopSignal();
  const { model, threads, engine: name } = settings;
  signal.addEventListener('abort', () => {
    bar.log('audit: stopping at the next step; once more ends it at once');
    keep();
  });
  const engines: Engine[] = [];
  const start = async (threads?: number) => {
    engines.push(await createComputingEngine({ engine: name, ...(threads && { threads }) }));
    return engines.at(-1)!;
  };
  try {
    bar.phase('opening model and pictures');
    const { graph, sha256, fixed } = await open(settings);
    const preprocessing = await preprocessingFor(model, settings.preprocessing);
    const data = await openDataset(settings.data, { size: preprocessing, signal, note: bar.log });
    const memoryBytes = settings.memoryGb && settings.memoryGb * 2 ** 30;
    const picture = graph.inputs.length > 1 ? await pictureNamed(model) : undefined;
    const subject = await Subject.open(await start(threads), graph, preprocessing, { picture, path: model });
    const bisect = settings.maxSsim !== undefined && settings.cuts === undefined;
    // Halves are looked for one after another, chains beside each other.
    const beside = targetsOf(subject, bisect ? { ...settings, cuts: subject.ids.slice(0, 1) } : settings).length;
    const plan = lanesFor(beside, { threads, memoryBytes });
    const lanes = await Promise.all(Array.from({ length: plan.lanes }, () => start(plan.threads)));
    const learntFrom = await picturesOfCode(model);
    const options: AuditOptions = {
      ...(await auditOptions(settings, preprocessing, data, protocol, learntFrom)),
      modelSha256: sha256,
      fixed,
      cache: store && {
        store,
        about: { version: version(), model: sha256, fixed, shapes: settings.shapes, engine: name },
      },
      signal,
    };
    const cuts = targetsOf(subject, { cuts: settings.cuts, defenses: ['none'] }).length;
    bar.log(`audit: ${workText(cuts, options, lanes.length)}`);
    bar.phase('measuring how fast each attack is here');
    const prepared = await prepareAudit(lanes, subject, data, options, {
      asked: {
        cuts: settings.cuts !== undefined,
        attacks: settings.attacks !== undefined || protocol !== undefined,
        images: settings.images !== undefined || protocol !== undefined,
      },
      budget,
    });
    for (const line of planText(prepared)) bar.log(`audit: ${line}`);
    bar.begin(prepared.expectedSeconds);
    const outcome = await runAudit(lanes, subject, data, {
      ...prepared.options,
      onProgress: ({ done, cut, defense, attack }) =>
        bar.update(done, [cut, defense, attack].filter(Boolean).join(' ')),
      onPartial: (audit) => {
        finished = audit;
        if (signal.aborted) keep();
      },
      onCell: ({ results, skipped, failed }) => {
        for (const r of results) {
          const queries = r.queries ? ` (${r.queries} queries)` : '';
          bar.log(
            `${r.cut} ${r.defense} ${r.attack}${queries}: SSIM ${r.ssim.mean.toFixed(3)}, PSNR ${r.psnr.mean.toFixed(2)} dB, ${r.seconds.toFixed(1)} s`,
          );
        }
        for (const { cut, defense, attack, code, message } of failed)
          bar.log(`${cut} ${defense} ${attack} failed: ${message} [${code}]`);
        for (const { cut, defense, attack, message } of skipped)
          bar.log(`${cut} ${defense} without ${attack}: ${message}`);
      },
      onUnaudited: ({ cut, defense, message }) => bar.log(`${cut} ${defense} stays unaudited: ${message}`),
    });
    bar.stop();
    const { out, sheet, saveDecoders: decoders } = settings;
    const unwritten = await writeAll([
      out !== undefined && (() => writeAtomically(out, `${JSON.stringify(outcome.audit, null, 2)}\n`)),
      decoders !== undefined && (() => saveDecoders(decoders, outcome)),
      sheet !== undefined && (async () => writeAtomically(sheet, await sheetOf(outcome))),
    ]);
    // What was written whole is not overwritten with a part.
    finished = undefined;
    print(settings.json, outcome.audit, () => tables(outcome.audit));
    for (const error of unwritten) fail(error, false);
    // Whoever names a cut wants to know about it; where nothing at all was measured, that is no audit.
    const { results, unaudited } = outcome.audit;
    if (unaudited.length > 0 && (settings.cuts || results.length === 0)) process.exitCode = 1;
  } catch (error) {
    bar.stop();
    // Whatever ended it: hours of work are not lost.
    if (keep()) bar.log(`audit: what is finished is in ${settings.out}, marked as incomplete`);
    throw error;
  } finally {
    bar.stop();
    await Promise.all(engines.map((engine) => engine.close()));
  }
}

/** What follows from fixed inputs is computed exactly: an engine for attacks drops tiny numbers. */
async function open(settings: AuditSettings): Promise<Network> {
  const engine = await createEngine({ threads: 1 });
  try {
    return await openNetwork(settings.model, settings, engine);
  } finally {
    await engine.close();
  }
}

function tables({ results, failed, exposure }: Audit): string {
  const parts = [
    ...(results.length > 0 ? [auditTable(results)] : []),
    ...(failed.length > 0 ? [failedTable(failed)] : []),
    exposureTable(exposure),
  ];
  return parts.join('\n\n');
}

/** Truth above, a row for every cut and defense below; the first sixty rows. */
export function sheetOf({ auditor, cells }: AuditOutcome): Promise<Buffer> {
  return contactSheet(
    auditor.truth.victims,
    cells.slice(0, 60).flatMap(({ results, pictures }) => {
      if (!pictures) return [];
      const { cut, defense, attack, ssim, psnr } = results.reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a));
      const scores = `SSIM ${ssim.mean.toFixed(3)}  PSNR ${psnr.mean.toFixed(1)} dB`;
      return [{ label: cut, details: [attack, defense, scores], images: pictures }];
    }),
  );
}
