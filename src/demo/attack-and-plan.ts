/** Attacks every cut by a protocol, and plans with what was found; noise is attacked where it could pay. */
import { join } from 'node:path';
import { preprocess } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { readProtocol } from '../plan/index.ts';
import { defaultDefenses, makePlan, readAudit, relaxationText } from '../planner/index.ts';
import { byProtocol, type Cell, findingsOf, leakageByThreat, runAudit, Subject } from '../privacy/audit/index.ts';
import type { Profile } from '../profile/index.ts';
import type { SheetRow } from '../report/index.ts';
import type { DemoOptions } from './run.ts';
import type { DemoSubject } from './subject.ts';

/** The result that leaks most, by which a cell is shown. */
const strongestOf = (results: Cell['results']) =>
  results.length > 0 ? results.reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a)) : undefined;

/** @throws CutlineError NO_FEASIBLE_PLAN, PROTOCOL_*, and what attacks throw */
export async function attackAndPlan(
  engines: readonly Engine[],
  subject: DemoSubject,
  profile: Profile,
  options: DemoOptions,
) {
  const { out, log, signal, seed } = options;
  const { preprocessing, labels, input } = subject.card;
  const engine = engines[0]!;
  const opened = await Subject.open(engine, subject.unbound, preprocessing);
  const protocol = await readProtocol(options.protocol);
  const { least, ...rest } = byProtocol(protocol, 'white-box', subject.data);
  log(`attacking every cut by protocol ${protocol.name}: ${rest.attacks.join(', ')}`);
  const { audit, auditor, cells } = await runAudit(engines, opened, subject.data, {
    ...rest,
    ...least,
    seed,
    rmle: { ...least.rmle, solver: 'lbfgs' },
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
    protocol,
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
      victims: () => audit.data.victims,
      audit: async (cut, defense, stop) => {
        log(`  ${cut} with ${defense}`);
        const cell = await auditor.audit(cut, defense, stop);
        all.push(cell);
        for (const f of cell.failed) log(`  ${f.message}`);
        return findingsOf(cell, auditor);
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
    protocol,
    evidence: plan.evidence[0],
    chosen,
    outcome,
    rows,
    truth: auditor.truth.victims,
    results: all.flatMap((c) => c.results),
    failed: all.flatMap((c) => c.failed),
    exposure: all.map((c) => c.exposure),
    leakage: all
      .flatMap((c) => leakageByThreat(c.results, c.failed))
      .filter((l) => l.threat === 'white-box')
      .map(({ cut, defense, attack, ssim: { mean, high } }) => ({ cut, defense, attack, ssim: { mean, high } })),
  };
}
