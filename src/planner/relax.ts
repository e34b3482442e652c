/** When nothing is feasible: the least that has to give way. */
import type { Breach } from './judge.ts';

export interface Refusal {
  /** How messages call the candidate. */
  readonly label: string;
  readonly breaches: readonly Breach[];
}

export interface Relaxation {
  readonly label: string;
  /** It also needs an audit that proves it safe. */
  readonly needsAudit: boolean;
  readonly changes: readonly { readonly option: string; readonly asked: number; readonly needed: number }[];
}

/**
 * The fewest options to change, and among those the smallest change relative to what was asked. Candidates that were not
 * audited count only when no other helps. Undefined when every candidate breaks something no option can allow (too large
 * for the broker, unknown energy).
 */
export function leastRelaxation(refusals: readonly Refusal[]): Relaxation | undefined {
  const supposingAudits = refusals.map((r) => ({ ...r, breaches: r.breaches.filter((b) => !b.unaudited) }));
  return least(refusals, false) ?? least(supposingAudits, true);
}

function least(refusals: readonly Refusal[], needsAudit: boolean): Relaxation | undefined {
  let best: { relaxation: Relaxation; effort: number } | undefined;
  for (const { label, breaches } of refusals) {
    if (breaches.some((b) => b.option === undefined)) continue;
    const changes = breaches.map((b) => ({ option: b.option!, asked: b.asked, needed: roundOutward(b) }));
    const effort = changes.length * 1e9 + breaches.reduce((sum, b) => sum + relative(b), 0);
    if (!best || effort < best.effort) best = { relaxation: { label, needsAudit, changes }, effort };
  }
  return best?.relaxation;
}

/** As a sentence for the error. */
export function relaxationText(relaxation: Relaxation | undefined): string {
  if (!relaxation) return 'No change of thresholds helps: see the reasons of each candidate.';
  const changes = relaxation.changes.map((c) => `--${c.option} ${c.needed} (asked: ${c.asked})`);
  if (changes.length === 0) return `Audit more: ${relaxation.label} meets everything else.`;
  const allows = relaxation.needsAudit ? 'which would allow, if an audit proves it safe,' : 'which allows';
  return `The least change that helps: ${changes.join(' and ')}, ${allows} ${relaxation.label}.`;
}

function relative({ asked, needed }: Breach): number {
  return Math.min(1e6, Math.abs(needed - asked) / Math.max(Math.abs(asked), 1e-9));
}

const isLeast = (option: Breach['option']): boolean => option?.startsWith('min-') ?? false;

/** Four significant digits, on the side that still allows the candidate. */
function roundOutward({ option, needed }: Breach): number {
  if (needed === 0) return 0;
  const step = 10 ** (Math.floor(Math.log10(Math.abs(needed))) - 3);
  const steps = needed / step;
  const rounded = (isLeast(option) ? Math.floor(steps + 1e-9) : Math.ceil(steps - 1e-9)) * step;
  const short = Number(rounded.toPrecision(10));
  const allows = isLeast(option) ? short <= needed : short >= needed;
  return allows ? short : needed;
}
