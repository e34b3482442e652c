/** When nothing is feasible: the least that has to give way. */
import type { BrokenRule } from '../plan/index.ts';
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
  /** Flags without an amount, to be left out. */
  readonly drops: readonly string[];
  /** Of the protocol, which no option changes. */
  readonly rules: readonly (BrokenRule & { readonly asked: number; readonly needed: number })[];
}

/** Whether an option, or a protocol of one's own, could allow it: nothing makes a broker take what is too large. */
export const canGiveWay = ({ option, rule }: Breach): boolean => option !== undefined || rule !== undefined;

/**
 * The fewest rules of the protocol, then the fewest options to change, and among those the smallest change relative to what was
 * asked. Candidates that were not audited count only when no other helps, and flags without an amount give way last of all. Undefined when every candidate breaks something
 * that nothing can allow (too large for the broker, unknown energy).
 */
export function leastRelaxation(refusals: readonly Refusal[]): Relaxation | undefined {
  const supposingAudits = refusals.map((r) => ({ ...r, breaches: r.breaches.filter((b) => !b.unaudited) }));
  return (
    least(refusals, false) ??
    least(supposingAudits, true) ??
    least(refusals, false, true) ??
    least(supposingAudits, true, true)
  );
}

function least(refusals: readonly Refusal[], needsAudit: boolean, mayDrop = false): Relaxation | undefined {
  let best: { relaxation: Relaxation; effort: number } | undefined;
  for (const { label, breaches } of refusals) {
    if (!breaches.every((b) => canGiveWay(b) || (mayDrop && b.demand !== undefined))) continue;
    const drops = [...new Set(breaches.flatMap((b) => b.demand ?? []))];
    // Several may ask the same option to give way: to where it allows them all.
    const changes = furthest(breaches, (b) => b.option).map((b) => {
      return { option: b.option!, asked: b.asked, needed: roundOutward(b) };
    });
    const ruled = furthest(breaches, (b) => (b.option === undefined ? b.rule?.name : undefined));
    const rules = ruled.map((b) => ({ ...b.rule!, asked: b.asked, needed: roundOutward(b) }));
    const effort =
      rules.length * 1e12 + (changes.length + drops.length) * 1e9 + breaches.reduce((sum, b) => sum + relative(b), 0);
    if (!best || effort < best.effort) best = { relaxation: { label, needsAudit, changes, drops, rules }, effort };
  }
  return best?.relaxation;
}

/** Of the breaches that ask for the same, the one that asks for most. */
function furthest(breaches: readonly Breach[], of: (breach: Breach) => string | undefined): Breach[] {
  const found = new Map<string, Breach>();
  for (const breach of breaches) {
    const key = of(breach);
    if (key === undefined) continue;
    const known = found.get(key);
    if (!known || relative(breach) > relative(known)) found.set(key, breach);
  }
  return [...found.values()];
}

/** As a sentence for the error. */
export function relaxationText(relaxation: Relaxation | undefined): string {
  if (!relaxation) return 'No change of thresholds helps: see the reasons of each candidate.';
  const { label, needsAudit, rules } = relaxation;
  const changes = [
    ...relaxation.changes.map((c) => `--${c.option} ${c.needed} (asked: ${c.asked})`),
    ...relaxation.drops.map((flag) => `no --${flag}`),
    ...rules.map((r) => `rule ${r.name} of protocol ${r.protocol} at ${r.needed} (it allows ${r.asked})`),
  ];
  if (changes.length === 0) return `Audit more: ${label} meets everything else.`;
  const allows = needsAudit ? 'which would allow, if an audit proves it safe,' : 'which allows';
  const change = `The least change that helps: ${changes.join(' and ')}, ${allows} ${label}.`;
  if (rules.length === 0) return change;
  return `${change} No option changes a rule: offer stronger defenses (--defense) that keep it, or give a protocol of your own (--protocol FILE).`;
}

function relative({ asked, needed }: Breach): number {
  return Math.min(1e6, Math.abs(needed - asked) / Math.max(Math.abs(asked), 1e-9));
}

/** What it asks for has to fall. */
const isLeast = (option: Breach['option']): boolean => option === 'rate' || (option?.startsWith('min-') ?? false);

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
