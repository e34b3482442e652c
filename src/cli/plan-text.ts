/** A plan for people: what was chosen, what it was chosen from, and why the rest was not. */
import type { Candidate, Plan } from '../plan/index.ts';
import { labelOf } from '../planner/index.ts';
import { table } from './output.ts';
import type { PlanAnswer } from './run-plan.ts';

/** Refusals shown; the document has all. */
const SHOWN = 8;

export function planText({ document, path }: PlanAnswer): string {
  const { candidates, pareto, audits, chosen } = document;
  const lines: string[] = [];
  if (chosen) {
    lines.push(
      `Chosen: ${labelOf(chosen)}`,
      `  ${costText(chosen)}`,
      `  ${leakText(chosen, 'evidence' in document ? document.evidence : [])}`,
    );
  } else if ('message' in document) lines.push(document.message);
  lines.push(
    '',
    `Nothing beats these in latency, energy, bytes and leakage at once (${pareto.length} of ${candidates.length} candidates):`,
    paretoTable(pareto),
  );
  const refused = candidates
    .filter((c) => !c.feasible && (!chosen || c.latencyMs.total < chosen.latencyMs.total))
    .sort((a, b) => a.latencyMs.total - b.latencyMs.total);
  if (refused.length > 0) {
    lines.push('', chosen ? 'Faster, and refused:' : 'Refused, fastest first:');
    const audited = refused.filter((c) => c.leakage !== null);
    for (const c of audited.slice(0, SHOWN)) lines.push(`  ${labelOf(c)}: ${c.reasons.join(' ')}`);
    if (audited.length > SHOWN) lines.push(`  and ${audited.length - SHOWN} more (--json lists all)`);
    const unknown = refused.length - audited.length;
    if (unknown > 0) lines.push(`  ${unknown} candidates that were not audited (or did not need to be)`);
  }
  if (audits && audits.run + audits.saved > 0) {
    lines.push('', `${audits.run} audits were needed; walking from the cheapest candidate on saved ${audits.saved}.`);
  }
  if (path) lines.push('', `Written to ${path}`);
  return lines.join('\n');
}

function costText(c: Candidate): string {
  const { total, head, encode, network, tail } = c.latencyMs;
  const parts = `head ${ms(head)} ${c.sources.head}, encode ${ms(encode)} ${c.sources.encode}, network ${ms(network)} ${c.sources.network}, tail ${ms(tail)} ${c.sources.tail}`;
  const energy = c.energyMj === null ? 'energy unknown' : `${c.energyMj.toPrecision(3)} mJ ${c.sources.energy}`;
  const most = typeof c.latencyMs.p95 === 'number' ? `, p95 ${ms(c.latencyMs.p95)}` : '';
  const uncounted = c.latencyMs.uncounted
    ? `; not counted: the runtime itself, usually ${ms(c.latencyMs.uncounted)} ms (modelled), since a profile has no runtime section: cutline profile measures it`
    : '';
  const told = c.bitsCap ? `, which tell ${c.bitsCap} bits of the picture at most` : '';
  return `${ms(total)} ms${most} (${parts}${uncounted}); ${energy}; ${c.wireBytes} bytes ${c.sources.wireBytes}${told}`;
}

function leakText({ leakage, accuracy, cut }: Candidate, evidence: Plan['evidence']): string {
  const kept = accuracy === null ? '' : `; accuracy ${accuracy.toFixed(3)}`;
  if (cut === 'output') return `Nothing leaves the device${kept}`;
  const [first] = evidence;
  if (!first) return `The cloud may see everything: SSIM up to ${leakage!.ssim.high.toFixed(3)}${kept}`;
  const lines = evidence.map(({ observer, strongest, ssim, images, floor, overAnswer, confirmation }) => {
    const looks = observer.observations > 1 ? `, ${observer.observations} observations of a scene` : '';
    const who = confirmation ? `${images} images that the search did not see` : `${images} images`;
    const over = overAnswer ? `, ${overAnswer.high.toFixed(3)} at most over the answer` : '';
    const under = floor ? ` (the answer alone: ${floor.mean.toFixed(3)}${over})` : '';
    const seen =
      strongest === 'guess'
        ? `no attack beat a guess that saw nothing (SSIM ${ssim.high.toFixed(3)}): either nothing leaks or the attacks failed`
        : `strongest attack ${strongest}: SSIM ${ssim.mean.toFixed(3)} [${ssim.low.toFixed(3)}, ${ssim.high.toFixed(3)}]`;
    return `${observer.threat}${looks}: ${seen} on ${who}${under}`;
  });
  return [`Protocol ${first.protocol.name}${kept}`, ...lines].join('\n  ');
}

function paretoTable(pareto: readonly Candidate[]): string {
  const rows = [...pareto]
    .sort((a, b) => a.latencyMs.total - b.latencyMs.total)
    .map((c) => [
      c.cut,
      c.defense,
      c.codec,
      ms(c.latencyMs.total),
      c.energyMj === null ? '–' : c.energyMj.toPrecision(3),
      c.wireBytes,
      c.leakage?.ssim.high.toFixed(3) ?? '–',
      c.feasible ? 'yes' : 'no',
    ]);
  return table([['cut', 'defense', 'codec', 'ms', 'mJ', 'bytes', 'SSIM up to', 'allowed'], ...rows]);
}

function ms(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
