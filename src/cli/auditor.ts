/** Attacks one candidate after another for `cutline plan --data`, until one is proven safe or the time is used up. */
import {
  type AuditOptions,
  Auditor,
  byProtocol,
  type Cell,
  findingsOf,
  isBeyondAttack,
  type Prepared,
  prepareAudit,
  Subject,
} from '../privacy/audit/index.ts';
import { planText } from './audit-text.ts';
import { rangeText } from './duration.ts';
import { picturesOfCode } from './from-card.ts';
import type { AuditSetting, PlanAuditor } from './plan-pictures.ts';

/** Audits that a walk from the cheapest candidate up is taken to make: what it costs is reckoned for so many. */
const expectedAudits = 8;

interface Opened {
  readonly auditor: Auditor;
  readonly prepared: Prepared;
}

export function auditor(setting: AuditSetting): PlanAuditor {
  const { log, progress } = setting;
  let opened: Promise<Opened> | undefined;
  const cells: Cell[] = [];
  const ready = (signal?: AbortSignal) => {
    progress?.phase('measuring how fast each attack is here');
    opened ??= open(setting, signal);
    return opened;
  };
  const audit: PlanAuditor['audit'] = async (cut, defense, signal) => {
    const { auditor: attacker, prepared } = await ready(signal);
    const { attacks, expected, remainingSeconds, note } = prepared.options;
    const budget = note && { budget: note };
    const seconds = attacks.reduce((sum, attack) => sum + expected!(cut, attack, defense), 0);
    if (remainingSeconds && remainingSeconds() < seconds) {
      log(`cut ${cut}, defense ${defense} stays unaudited: the time that was allowed is used up`);
      return { results: [], leakage: [], ...budget };
    }
    progress?.begin({ low: 0.6 * seconds, high: 1.5 * seconds });
    try {
      const cell = await attacker.audit(cut, defense, signal, (done, attack) =>
        progress?.update(done, `${cut} ${defense} ${attack}`),
      );
      cells.push(cell);
      for (const { attack, message } of cell.failed) log(`cut ${cut}: ${attack} failed. ${message}`);
      return { ...findingsOf(cell, attacker), ...budget };
    } catch (error) {
      if (!isBeyondAttack(error)) throw error;
      log(`cut ${cut} stays unaudited: ${error.message}`);
      return { results: [], leakage: [], ...budget };
    }
  };
  let known: Auditor['truth'] | undefined;
  return {
    audit: async (...about) => {
      const found = await audit(...about);
      known = (await ready()).auditor.truth;
      return found;
    },
    resolve: async (cut, defense) => (await ready()).auditor.resolved(cut, defense),
    victims: () => known && { count: known.victims.count - known.heldBack, sha256: known.digests.victims },
    seen: () => known && { truth: known.victims, cells },
  };
}

async function open(setting: AuditSetting, signal?: AbortSignal): Promise<Opened> {
  const { model, dataset, preprocessing, engine, images, iterations, seed, threat, protocol, maxSsim, log, budget } =
    setting;
  const { least, ...rest } = byProtocol(protocol, threat, dataset, await picturesOfCode(model.path));
  const subject = await Subject.open(engine, model.unbound, preprocessing);
  const inside = subject.cuts.map((c) => c.id).filter((id) => id !== 'input' && id !== 'output');
  const options: AuditOptions = {
    ...rest,
    ...least,
    ...(images !== undefined && { images }),
    seed,
    rmle: { ...least.rmle, solver: 'lbfgs', ...(iterations !== undefined && { iterations }) },
    maxSsim,
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
  const { images: victims, heldBack } = prepared.options;
  const confirming = heldBack ? ` and ${heldBack} to confirm with` : '';
  log(
    `audits on demand by protocol ${protocol.name}: ${prepared.options.attacks.join(', ')}, on ${victims} victims${confirming}, cheapest candidate first`,
  );
  if (victims < protocol.victims || !protocol.accepts) {
    const why = protocol.accepts ? `it asks for ${protocol.victims} victims` : 'it can only refuse';
    log(`nothing will be accepted by protocol ${protocol.name}: ${why}`);
  }
  if (prepared.options.note && prepared.options.note.effort < 1)
    log(
      `attacks have fewer steps than they take by themselves, for want of time: protocol ${protocol.name} calls that screened, not safe (--budget all takes them)`,
    );
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
