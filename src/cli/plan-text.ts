/** A plan for people: what was chosen, what it was chosen from, and why the rest was not. */
import type { Candidate, Plan } from '../plan/index.ts';
import { labelOf } from '../planner/index.ts';
import { table } from './output.ts';
import type { PlanAnswer } from './plan-answer.ts';

export function planText(answer: PlanAnswer): string {
  const { document, path } = answer;
  const { candidates, audits, chosen, alternatives, costOnly, asked } = document;
  const lines: string[] = [];
  if (chosen) {
    lines.push(
      `Chosen: ${labelOf(chosen)}`,
      `  ${costText(chosen)}`,
      ...(chosen.queueing ? [`  ${queueText(chosen.queueing)}`] : []),
      `  ${leakText(chosen, 'evidence' in document ? document.evidence : [])}`,
    );
  } else if ('message' in document) lines.push(document.message);
  lines.push(...setText(answer));
  if (asked) {
    const fine = `Nothing is wrong with ${asked.cut}.`;
    lines.push('', asked.wrong.length === 0 ? fine : `What is wrong with ${asked.cut}:`);
    for (const sentence of asked.wrong) lines.push(`  ${sentence}`);
    if (asked.instead) lines.push(`  Without --at: ${labelOf(asked.instead)}, ${costsOf(asked.instead)}`);
  }
  lines.push('', 'To split or not:', alternativesTable(alternatives), alternatives.sentence);
  for (const { kind, change } of alternatives.list) if (change !== '') lines.push(`  ${ways[kind]}: ${change}`);
  lines.push('', costOnly.sentence);
  const { rows, rest } = answer.collapsed;
  lines.push(
    '',
    `What counts among ${candidates.length} candidates: what nothing beats in latency, energy, bytes and leakage at once, and what is faster and was refused:`,
    rowsTable(rows, chosen),
  );
  for (const { count, sentence } of rest) lines.push(`${count} ${sentence}.`);
  lines.push(...refusals(rows, chosen));
  if (audits && audits.run + audits.saved > 0) {
    lines.push('', `${audits.run} audits were needed; walking from the cheapest candidate on saved ${audits.saved}.`);
  }
  if (path) lines.push('', `Written to ${path}`);
  return lines.join('\n');
}

/** The routes of a safe set, and where in the range each is the cheapest. */
function setText({ range: { ranged, atPaces }, document }: PlanAnswer): string[] {
  if (!ranged || !('evidence' in document)) return [];
  const times = (n: number) => Number(n.toPrecision(2));
  if (ranged.as === 'robust') {
    const [b, d] = [times(ranged.bandwidth[0]), times(ranged.device[0])];
    return [`  Chosen, and priced here, where it is slowest: ${b} of the bandwidth and ${d} of the device’s speed`];
  }
  const rows = atPaces.map(({ pace, chosen: c }) => [
    times(pace.bandwidth),
    times(pace.device),
    c ? labelOf(c) : 'nothing stands',
    c ? ms(c.latencyMs.total) : '–',
  ]);
  const routes = 1 + (document.safeSet?.length ?? 0);
  const head = `Safe set of ${routes} ${routes === 1 ? 'route: the same is best everywhere' : 'routes; what is best where'}:`;
  return ['', head, table([['bandwidth', 'device', 'route', 'ms'], ...rows])];
}

/** Why what is shown was refused, each reason once. */
function refusals(rows: PlanAnswer['collapsed']['rows'], chosen: Candidate | null | undefined): string[] {
  const refused = rows
    .map((row) => row.candidate)
    .filter((c) => !c.feasible && c.reasons.length > 0)
    .filter((c) => !chosen || c.latencyMs.total < chosen.latencyMs.total)
    .sort((a, b) => a.latencyMs.total - b.latencyMs.total);
  if (refused.length === 0) return [];
  return [
    '',
    chosen ? 'Faster, and refused:' : 'Refused, fastest first:',
    ...refused.map((c) => `  ${labelOf(c)}: ${c.reasons.join(' ')}`),
  ];
}

const ways = { device: 'all on the device', cloud: 'all in the cloud', split: 'split' } as const;

function alternativesTable({ list, winner }: PlanAnswer['document']['alternatives']): string {
  const rows = list.map(({ kind, candidate: c }) => {
    if (!c) return [ways[kind], '–', '–', '–', '–', '–', 'none'];
    const how = c.cut === 'output' ? '' : c.cut === 'input' ? c.codec : `${c.cut}, ${c.defense}, ${c.codec}`;
    const verdict = kind === winner ? 'wins' : c.feasible ? 'allowed' : 'refused';
    const leak = c.cut === 'output' ? 'nothing' : (c.leakage?.ssim.high.toFixed(3) ?? 'unknown');
    return [ways[kind], how, ms(c.latencyMs.total), mj(c), c.wireBytes, leak, verdict];
  });
  return table([['way', 'how', 'ms', 'mJ', 'bytes', 'SSIM up to', ''], ...rows]);
}

function rowsTable(rows: PlanAnswer['collapsed']['rows'], chosen: Candidate | null | undefined): string {
  const cells = [...rows]
    .sort((a, b) => a.candidate.latencyMs.total - b.candidate.latencyMs.total)
    .map(({ candidate: c, ties }) => [
      c.cut,
      c.defense,
      ties > 0 ? `${c.codec} (and ${ties} alike)` : c.codec,
      ms(c.latencyMs.total),
      mj(c),
      c.wireBytes,
      c.leakage?.ssim.high.toFixed(3) ?? '–',
      c === chosen ? 'chosen' : c.feasible ? 'yes' : 'no',
    ]);
  return table([['cut', 'defense', 'codec', 'ms', 'mJ', 'bytes', 'SSIM up to', 'allowed'], ...cells]);
}

function queueText(q: NonNullable<Candidate['queueing']>): string {
  const share = (n: number) => `${(100 * n).toFixed(0)} %`;
  const { device, link, cloud } = q.utilisation;
  const w = q.waitingMs;
  const capacity = q.capacityPerS === null ? '' : ` of ${q.capacityPerS.toPrecision(3)} at most`;
  return `At ${q.ratePerS} requests a second${capacity}: device ${share(device)}, link ${share(link)}, cloud ${share(cloud)} used; waits ${ms(w.device)}, ${ms(w.link)} and ${ms(w.cloud)} ms (${q.method})`;
}

const mj = ({ energyMj }: Candidate): string => (energyMj === null ? '–' : energyMj.toPrecision(3));
const costsOf = (c: Candidate): string =>
  `${ms(c.latencyMs.total)} ms${c.energyMj === null ? '' : `, ${mj(c)} mJ`}, ${c.wireBytes} bytes`;

function costText(c: Candidate): string {
  const { total, head, encode, network, tail } = c.latencyMs;
  const parts = `head ${ms(head)} ${c.sources.head}, encode ${ms(encode)} ${c.sources.encode}, network ${ms(network)} ${c.sources.network}, tail ${ms(tail)} ${c.sources.tail}`;
  const energy = c.energyMj === null ? 'energy unknown' : `${c.energyMj.toPrecision(3)} mJ ${c.sources.energy}`;
  const p95 = c.latencyMs.p95 == null ? '' : `, p95 ${ms(c.latencyMs.p95)} ms`;
  const uncounted = c.latencyMs.uncounted
    ? `; not counted: the runtime itself, usually ${ms(c.latencyMs.uncounted)} ms (modelled), since a profile has no runtime section: cutline profile measures it`
    : '';
  const told = c.bitsCap ? `, which tell ${c.bitsCap} bits of the picture at most` : '';
  return `${ms(total)} ms${p95} (${parts}${uncounted}); ${energy}; ${c.wireBytes} bytes ${c.sources.wireBytes}${told}`;
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

function ms(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
