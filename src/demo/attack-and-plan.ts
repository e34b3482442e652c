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
import { answerAlone, everyCut, noisyAt, sideBySide } from './rows.ts';
import type { DemoOptions } from './run.ts';
import type { DemoSubject } from './subject.ts';

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
  const cuts = fitting(opened, options.maxDownloadBytes);
  const which =
    options.maxDownloadBytes === undefined ? 'every cut' : `every cut that fits the device (${cuts.join(', ')})`;
  log(`attacking ${which} by protocol ${protocol.name}: ${rest.attacks.join(', ')}`);
  const attacking = {
    ...rest,
    ...least,
    seed,
    rmle: { ...least.rmle, solver: 'lbfgs' as const },
    signal,
  };
  const { audit, auditor, cells } = await runAudit(engines, opened, subject.data, {
    ...attacking,
    cuts,
    insist: false,
    defenses: ['none'],
    modelSha256: subject.sha256,
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
      ...(options.maxGain !== undefined && { maxGain: options.maxGain }),
      ...(options.maxDownloadBytes !== undefined && { maxDownloadBytes: options.maxDownloadBytes }),
      // Sent in any other form a code would tell the same, and nobody would know how little that is.
      ...(subject.card.hardened && { maxBits: Math.max(...subject.card.hardened.rates.map((r) => r.bits)) }),
      minAccuracy: options.minAccuracy,
      objective: 'latency',
      requireSplit: true,
    },
    codecs: ['float32', 'uint8', ...(subject.card.hardened ? (['code'] as const) : [])],
    // A code stands in the place of noise.
    defenses: subject.card.hardened ? ['none'] : defaultDefenses,
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
        // Parts of a code, and what does not fit the device.
        if (!cuts.includes(cut)) return { results: [], leakage: [] };
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
  const hardened = subject.card.hardened;
  let rows = everyCut(all, chosen, options.maxSsim);
  // Only once the plan is made: what noise would show decides nothing here.
  if (hardened) {
    log(`looking at what noise at ${hardened.cut} would show instead`);
    const noisy = await noisyAt(hardened.cut, auditor, all, signal);
    if (!all.includes(noisy)) all.push(noisy);
    const floor = await answerAlone(engine, opened, subject.data, { ...attacking, images: rest.images }, auditor.truth);
    rows = sideBySide({ floor, noisy, cut: hardened.cut }, all, options.maxSsim);
  }
  return {
    plan,
    protocol,
    evidence: plan.evidence[0],
    chosen,
    outcome,
    rows,
    truth: auditor.truth.victims,
    cells: all,
    results: all.flatMap((c) => c.results),
    failed: all.flatMap((c) => c.failed),
    exposure: all.map((c) => c.exposure),
    leakage: all
      .flatMap((c) => leakageByThreat(c.results, c.failed))
      .filter((l) => l.threat === 'white-box')
      .map(({ cut, defense, attack, ssim: { mean, high } }) => ({ cut, defense, attack, ssim: { mean, high } })),
  };
}

/** Cuts inside the network that may be planned: of a code its own parts are none, and what does not fit is refused anyway. */
function fitting(subject: Subject, maxDownloadBytes: number | undefined): string[] {
  return subject.cuts
    .filter(({ id }) => id !== 'input' && id !== 'output' && !id.startsWith('code.'))
    .filter(({ headParameters }) => maxDownloadBytes === undefined || 4 * headParameters <= maxDownloadBytes)
    .map(({ id }) => id);
}
