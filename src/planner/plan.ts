/** From a search result to the plan: the choice, and the evidence for it. Pure. */
import { createHash } from 'node:crypto';
import type { Candidate, Evidence, Plan, Thresholds } from '../plan/index.ts';
import { threats } from '../plan/index.ts';
import type { AuditFindings } from './audit.ts';
import { GUESS, lossOf } from './leakage.ts';

export interface PlanParts {
  readonly model: Plan['model'];
  readonly cut: Plan['cut'];
  readonly head: Plan['head'];
  readonly tail: Plan['tail'];
  readonly picture: Plan['picture'];
  readonly profiles: Plan['profiles'];
  readonly created: Date;
  /** Has to grow from plan to plan; the time in milliseconds does. */
  readonly serial: number;
}

export function planOf(
  chosen: Candidate,
  thresholds: Thresholds,
  audit: AuditFindings | undefined,
  parts: PlanParts,
): Plan {
  const { cut: _cut, defense, codec, leakage: _leakage, feasible: _feasible, reasons: _reasons, ...predicted } = chosen;
  const rest = {
    serial: parts.serial,
    created: parts.created.toISOString(),
    model: parts.model,
    cut: parts.cut,
    head: parts.head,
    tail: parts.tail,
    codec,
    defense,
    picture: parts.picture,
    thresholds,
    evidence: audit ? evidenceFor(chosen, thresholds, audit) : null,
    predicted,
    profiles: parts.profiles,
  };
  const planId = createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 32);
  return { format: 'cutline.plan/1', planId, ...rest };
}

/** Null where nothing was attacked because nothing is sent, or because the picture itself is. */
function evidenceFor(chosen: Candidate, { threat }: Thresholds, audit: AuditFindings): Evidence | null {
  const { leakage } = chosen;
  if (!leakage || leakage.images === 0) return null;
  const codec = leakage.boundBy === 'float32' ? 'float32' : lossOf(chosen.codec);
  const allowed = [...audit.results, ...audit.leakage].filter(
    (r) =>
      r.cut === chosen.cut &&
      r.defense === chosen.defense &&
      lossOf(r.codec) === codec &&
      threats.indexOf(r.threat) >= threats.indexOf(threat),
  );
  return {
    auditSha256: audit.auditSha256,
    dataSha256: audit.dataSha256,
    threat,
    cut: chosen.cut,
    defense: chosen.defense,
    // Evidence against the same losses is evidence against this codec: deflate shows nothing more.
    codec: codec === lossOf(chosen.codec) ? chosen.codec : codec,
    attacks: [
      ...new Set([...allowed.map((r) => r.attack), ...(leakage.attack === GUESS ? [] : [leakage.attack])]),
    ].sort(),
    strongest: leakage.attack,
    images: leakage.images,
    ssim: leakage.ssim,
    ...(leakage.psnr && { psnr: leakage.psnr }),
    seed: audit.seed,
  };
}
