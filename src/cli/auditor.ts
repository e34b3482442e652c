/** Attacks one candidate after another for `cutline plan --data`, until one is proven safe or the time is used up. */
import {
  type AuditOptions,
  Auditor,
  defaultAttacks,
  isBeyondAttack,
  leakageOf,
  type Prepared,
  prepareAudit,
  Subject,
} from '../privacy/audit/index.ts';
import { planText } from './audit-text.ts';
import { rangeText } from './duration.ts';
import type { AuditSetting, PlanAuditor } from './run-plan.ts';

/** Audits that a walk from the cheapest candidate up is taken to make: what it costs is reckoned for so many. */
const expectedAudits = 8;

interface Opened {
  readonly auditor: Auditor;
  readonly prepared: Prepared;
}

export function auditor(setting: AuditSetting): PlanAuditor {
  const { log, progress } = setting;
  let opened: Promise<Opened> | undefined;
  const ready = (signal?: AbortSignal) => {
    progress?.phase('measuring how fast each attack is here');
    opened ??= open(setting, signal);
    return opened;
  };
  const audit: PlanAuditor['audit'] = async (cut, defense, signal) => {
    const { auditor: attacker, prepared } = await ready(signal);
    const { attacks, expected, remainingSeconds, note } = prepared.options;
    const budget = note && { budget: note };
    const seconds = attacks.reduce((sum, attack) => sum + expected!(cut, attack), 0);
    if (remainingSeconds && remainingSeconds() < seconds) {
      log(`cut ${cut}, defense ${defense} stays unaudited: the time that was allowed is used up`);
      return { results: [], leakage: [], ...budget };
    }
    progress?.begin({ low: 0.6 * seconds, high: 1.5 * seconds });
    try {
      const { results, failed } = await attacker.audit(cut, defense, signal, (done, attack) =>
        progress?.update(done, `${cut} ${defense} ${attack}`),
      );
      for (const { attack, message } of failed) log(`cut ${cut}: ${attack} failed. ${message}`);
      return { results, leakage: leakageOf(results, failed), failed, ...budget };
    } catch (error) {
      if (!isBeyondAttack(error)) throw error;
      log(`cut ${cut} stays unaudited: ${error.message}`);
      return { results: [], leakage: [], ...budget };
    }
  };
  return { audit, resolve: async (cut, defense) => (await ready()).auditor.resolved(cut, defense) };
}

async function open(setting: AuditSetting, signal?: AbortSignal): Promise<Opened> {
  const { model, dataset, preprocessing, engine, images, iterations, seed, threat, log, budget } = setting;
  // A plan asks for the strongest attack, and who can ask or read the head needs no shadow of it.
  const attacks = defaultAttacks(threat).filter((name) => name !== 'shadow' || threat === 'query-free');
  const subject = await Subject.open(engine, model.unbound, preprocessing);
  const inside = subject.cuts.map((c) => c.id).filter((id) => id !== 'input' && id !== 'output');
  const options: AuditOptions = {
    images,
    seed,
    attacks,
    rmle: { solver: 'lbfgs', iterations },
    cuts: spread(inside),
    defenses: ['none'],
    modelSha256: model.sha256,
    insist: false,
    signal,
  };
  const asked = { cuts: true, attacks: false, images: true };
  const prepared = await prepareAudit([engine], subject, dataset, options, { asked, budget, lazily: true });
  const { low, high } = prepared.expectedSeconds;
  const count = prepared.candidates;
  log(`audits on demand: ${prepared.options.attacks.join(', ')}, on ${images} victims, cheapest candidate first`);
  log(`each takes ${rangeText({ low: low / count, high: high / count })}; they end at the first that is proven safe`);
  for (const line of planText(prepared).slice(0, -1)) log(line);
  const own = { ...prepared.options, giveUp: true };
  const { truth } = prepared.options;
  return {
    prepared,
    auditor: truth
      ? new Auditor(engine, subject, dataset, own, truth)
      : await Auditor.create(engine, subject, dataset, own, signal),
  };
}

/** So many of them, from the first to the last. */
function spread(ids: readonly string[]): string[] {
  if (ids.length <= expectedAudits) return [...ids];
  return Array.from(
    { length: expectedAudits },
    (_, i) => ids[Math.round((i * (ids.length - 1)) / (expectedAudits - 1))]!,
  );
}
