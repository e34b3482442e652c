/** From a search result to the plan: the choice, and the evidence for it. Pure. */
import {
  type Candidate,
  type Evidence,
  idOfPlan,
  type Plan,
  type Protocol,
  protocolSha256,
  type Thresholds,
} from '../plan/index.ts';
import type { AuditFindings } from './audit.ts';
import { observedAt, type SentOption } from './evidence.ts';
import { needsNoEvidence } from './standing.ts';

export interface PlanParts {
  readonly model: Plan['model'];
  readonly cut: Plan['cut'];
  readonly head: Plan['head'];
  readonly tail: Plan['tail'];
  readonly answer: Plan['answer'];
  readonly picture: Plan['picture'];
  readonly profiles: Plan['profiles'];
  readonly created: Date;
  /** Has to grow from plan to plan; the time in milliseconds does. */
  readonly serial: number;
}

/** What the evidence is taken from, and what it was held against. */
export interface Proof {
  readonly option: SentOption;
  readonly protocol: Protocol;
  readonly audit: AuditFindings | undefined;
}

export function planOf(chosen: Candidate, thresholds: Thresholds, proof: Proof, parts: PlanParts): Plan {
  const {
    cut: _cut,
    defense,
    codec,
    bitsCap: _bitsCap,
    lengthBits,
    cloudMs: _cloudMs,
    memoryBytes: _memoryBytes,
    leakage: _leakage,
    standing: _standing,
    feasible: _feasible,
    reasons: _reasons,
    ...predicted
  } = chosen;
  const rest = {
    format: 'cutline.plan/1' as const,
    serial: parts.serial,
    created: parts.created.toISOString(),
    model: parts.model,
    cut: parts.cut,
    head: parts.head,
    tail: parts.tail,
    ...(parts.answer && { answer: parts.answer }),
    codec,
    defense,
    ...(lengthBits > 0 && { lengths: lengthsOf(lengthBits) }),
    picture: parts.picture,
    thresholds,
    evidence: evidenceFor(thresholds, proof),
    predicted,
    profiles: parts.profiles,
  };
  const { format, ...fields } = rest;
  return { format, planId: idOfPlan(rest), ...fields };
}

function lengthsOf(bits: number): NonNullable<Plan['lengths']> {
  const told = Math.ceil(10 * bits) / 10;
  return {
    bits: told,
    sentence: `The length of a message depends on the picture and is seen even where messages are encrypted; it is filled up with zeros, so that it tells ${told} bits of a picture at most. A codec without compression tells none.`,
  };
}

/** An entry for each observer, of the victims that the search did not see where the protocol confirms; none where nothing is sent. */
export function evidenceFor(asked: Thresholds, { option, protocol, audit }: Proof): Evidence[] {
  if (!audit || needsNoEvidence(option, asked)) return [];
  const { confirmation, skipped = [] } = audit;
  const confirmed = protocol.confirmation ? confirmation : undefined;
  const figures = confirmed ? { ...confirmed, skipped } : audit;
  return observedAt(option, figures, asked.threat).map((observed) => ({
    hop: 0,
    protocol: { name: protocol.name, sha256: protocolSha256(protocol) },
    ...observed,
    confirmation: confirmed
      ? {
          images: observed.images,
          ssim: observed.ssim,
          confidence: confirmed.confidence,
          victimsSha256: confirmed.victims.sha256,
        }
      : null,
    auditSha256: audit.auditSha256,
    dataSha256: audit.dataSha256,
    victimsSha256: confirmed?.victims.sha256 ?? audit.victimsSha256 ?? null,
    seed: audit.seed,
  }));
}
