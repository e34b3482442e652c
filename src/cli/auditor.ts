/** Attacks one candidate for `cutline plan --data`. */
import { Auditor, defaultAttacks, isBeyondAttack, leakageOf, Subject } from '../privacy/audit/index.ts';
import type { AuditSetting, PlanAuditor } from './run-plan.ts';

export function auditor(setting: AuditSetting): PlanAuditor {
  const { model, dataset, preprocessing, engine, images, iterations, seed, threat, log } = setting;
  // A plan asks for the strongest attack, and who can ask or read the head needs no shadow of it.
  const attacks = defaultAttacks(threat).filter((name) => name !== 'shadow' || threat === 'query-free');
  let opened: Promise<Auditor> | undefined;
  const open = async (signal?: AbortSignal) =>
    Auditor.create(
      engine,
      await Subject.open(engine, model.unbound, preprocessing),
      dataset,
      { images, seed, attacks, rmle: { solver: 'lbfgs', iterations }, giveUp: true },
      signal,
    );
  const attackerOf = (signal?: AbortSignal) => {
    opened ??= open(signal);
    return opened;
  };
  const audit: PlanAuditor['audit'] = async (cut, defense, signal) => {
    const attacker = await attackerOf(signal);
    try {
      const { results, failed } = await attacker.audit(cut, defense, signal);
      for (const { attack, message } of failed) log(`cut ${cut}: ${attack} failed. ${message}`);
      return { results, leakage: leakageOf(results, failed), failed };
    } catch (error) {
      if (!isBeyondAttack(error)) throw error;
      log(`cut ${cut} stays unaudited: ${error.message}`);
      return { results: [], leakage: [] };
    }
  };
  return { audit, resolve: async (cut, defense) => (await attackerOf()).resolved(cut, defense) };
}
