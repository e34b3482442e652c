/** The body of the page, one function a section. */

import { type Html, html, trusted } from '../html.ts';
import { quantile } from '../numeric/index.ts';
import { cameTrue } from './came-true.ts';
import {
  bestCodecs,
  bytes,
  cutName,
  defenseName,
  interval,
  isChosen,
  milliseconds,
  percent,
  similarity,
  undivided,
} from './format.ts';
import { latencyHistogram } from './histogram.ts';
import { leakageScatter } from './scatter.ts';
import type { CandidateEntry, ReportData, RunEntry } from './types.ts';

export function why({ plan }: ReportData): Html {
  const { thresholds, audits, chosen } = plan;
  const asked = [
    html`<dt>Threat</dt><dd>${thresholds.threat}</dd>`,
    html`<dt>Leakage</dt><dd>SSIM at most ${similarity(thresholds.maxSsim)}, at the upper end of the interval</dd>`,
    plan.protocol && html`<dt>Protocol</dt><dd>${plan.protocol.name}: what an audit must have done</dd>`,
    limit('Over the answer', thresholds.maxGain, (v) => `SSIM at most ${similarity(v)} above what the answer gives`),
    limit('Device', thresholds.maxDownloadBytes, (v) => `holds at most ${bytes(v)} of the model`),
    limit('Latency', thresholds.maxLatencyMs, (v) => `at most ${milliseconds(v)} ms`),
    limit('p95', thresholds.maxP95Ms, (v) => `at most ${milliseconds(v)} ms`),
    limit('Energy', thresholds.maxEnergyMj, (v) => `at most ${v} mJ`),
    limit('Message', thresholds.maxBytes, (v) => `at most ${bytes(v)}`),
    limit('Memory', thresholds.maxMemoryBytes, (v) => `at most ${bytes(v)} on the device`),
    limit('Cloud', thresholds.maxCloudMs, (v) => `at most ${milliseconds(v)} ms of a server`),
    limit('Agreement', thresholds.minAgreement, (v) => `at least ${percent(v)} of the model’s own answers`),
    limit('Accuracy', thresholds.minAccuracy, (v) => `at least ${percent(v)}`),
  ];
  const cheaper = chosen
    ? bestCodecs(plan.candidates).filter((c) => !c.feasible && c.latencyMs.total < chosen.latencyMs.total)
    : [];
  return html`<section><h2>What was chosen, and why</h2>
    <p>This was asked for. Of the candidates that meet it, the one with the ${objective(thresholds.objective)} was taken.</p>
    <dl>${asked}</dl>
    ${chosen ? parts(chosen) : undefined}
    ${cheaper.length > 0 ? html`<p>${cheaper.length} faster ${cheaper.length === 1 ? 'candidate was' : 'candidates were'} refused; the reasons are in the table of candidates.</p>` : undefined}
    ${audits ? html`<p class="note">${audits.run} ${audits.run === 1 ? 'audit was' : 'audits were'} run. Going from the cheapest candidate up saved ${audits.saved} more.</p>` : undefined}
  </section>`;
}

function limit(name: string, value: number | undefined, words: (value: number) => string): Html | undefined {
  return value === undefined ? undefined : html`<dt>${name}</dt><dd>${words(value)}</dd>`;
}

function objective(name: string): string {
  if (name === 'bytes') return 'fewest bytes to send';
  if (name === 'p95') return 'least latency at the 95th percentile';
  if (name === 'cloud') return 'least work for a server';
  return name === 'weights' ? 'least weighted sum' : `least ${name}`;
}

function parts({ latencyMs, sources }: CandidateEntry): Html {
  const names = ['head', 'encode', 'network', 'tail'] as const;
  const of = names.filter((name) => latencyMs[name] > 0);
  const bars = of.map((name) => {
    const share = (100 * latencyMs[name]) / latencyMs.total;
    return html`<span class="${name}" style="width:${share.toFixed(2)}%"></span>`;
  });
  const legend = of.map(
    (name) =>
      html`<li class="${name}"><span class="swatch"></span>${name} ${milliseconds(latencyMs[name])} ms${sources ? `, ${sources[name]}` : ''}</li>`,
  );
  return html`<div class="panel"><strong>${milliseconds(latencyMs.total)} ms</strong> a picture, predicted
    <div class="parts">${bars}</div><ul class="legend">${legend}</ul></div>`;
}

export function leakageAgainstLatency({ plan }: ReportData): Html {
  return html`<section><h2>Leakage against latency</h2>
    <p>Each point is a cut under a defense, at the upper end of what the strongest of the attacks that were run got back. Points above the
      dashed line are refused however fast they are.</p>
    <div class="panel">${leakageScatter(plan)}</div></section>`;
}

export function whatAnAttackerSees({ sheet }: ReportData): Html | undefined {
  if (!sheet) return undefined;
  const data = trusted(Buffer.from(sheet).toString('base64'));
  return html`<section><h2>What an attacker sees</h2>
    <figure><div class="sheet"><img alt="The true pictures above, reconstructions from each cut below" src="data:image/png;base64,${data}"></div>
    <figcaption>Above, what the camera saw; below, what was reconstructed from each cut alone.</figcaption></figure></section>`;
}

export function candidates({ plan }: ReportData): Html {
  const { collapsed } = plan;
  const rows = collapsed?.rows ?? bestCodecs(plan.candidates).map((candidate) => ({ candidate, ties: 0 }));
  const table = (
    list: readonly { readonly candidate: CandidateEntry; readonly ties: number }[],
  ) => html`<div class="scroll"><table>
    <thead><tr><th>Candidate</th><th>Verdict</th><th class="number">Leakage</th><th class="number">Latency</th><th class="number">Energy</th><th class="number">Sent</th><th class="number">Accuracy</th></tr></thead>
    <tbody>${list.map(({ candidate: c, ties }) => candidateRow(c, ties, isChosen(c, plan.chosen)))}</tbody></table></div>`;
  const lead = collapsed
    ? 'What nothing beats in latency, energy, bytes and leakage at once, and what is faster than the choice and was refused, with every reason; what costs and shows the same stands in one row.'
    : 'For each cut and defense the fastest codec, in order of depth; those that were refused with every reason.';
  return html`<section><h2>${collapsed ? 'The candidates that count' : 'Every candidate'}</h2>
    <p>${lead}</p>
    ${table(rows)}
    ${collapsed?.rest.map(({ count, sentence }) => html`<p class="note">${count} ${sentence}.</p>`)}
    ${rows.length < plan.candidates.length ? html`<details><summary>All ${plan.candidates.length} candidates, with every codec</summary>${table(plan.candidates.map((candidate) => ({ candidate, ties: 0 })))}</details>` : undefined}
  </section>`;
}

function candidateRow(c: CandidateEntry, ties: number, chosen: boolean): Html {
  const sentence = (reason: string) => html`<li>${reason}</li>`;
  const verdict = c.feasible
    ? html`<span class="tag safe">${chosen ? 'chosen' : c.standing === 'accepted' ? 'accepted, not confirmed' : 'allowed'}</span>`
    : html`<ul>${c.reasons.map(sentence)}</ul>`;
  return html`<tr class="${chosen ? 'chosen' : ''}">
    <td class="name">${cutName(c.cut)}<span class="sub">${defenseName(c.defense)}, ${c.codec}${ties > 0 ? `, and ${ties} alike` : ''}</span></td>
    <td class="reasons">${verdict}</td>
    <td class="number">${c.leakage ? html`${similarity(c.leakage.ssim.mean)}<span class="sub">${interval(c.leakage.ssim)}</span>` : '–'}</td>
    <td class="number">${milliseconds(c.latencyMs.total)} ms</td>
    <td class="number">${c.energyMj === null ? '–' : `${milliseconds(c.energyMj)} mJ`}</td>
    <td class="number">${bytes(c.wireBytes)}${typeof c.bitsCap === 'number' && c.bitsCap > 0 ? html`<span class="sub">${c.bitsCap} bits at most</span>` : undefined}</td>
    <td class="number">${c.accuracy === null ? '–' : percent(c.accuracy)}</td></tr>`;
}

export function theRun({ run, plan }: ReportData): Html | undefined {
  if (!run) return undefined;
  return html`<section><h2>The run</h2>
    <p>${run.images} pictures went from the device through the broker to the cloud and back. ${agreement(run)}</p>
    ${run.latencyMs.length > 0 ? histogram(run.latencyMs) : undefined}
    ${run.latencyMs.length > 0 && plan.chosen ? html`<p>${cameTrue(plan.chosen.latencyMs, run.latencyMs)}</p>` : undefined}
    ${run.accuracy ? accuracy(run, run.accuracy) : undefined}</section>`;
}

function agreement(run: RunEntry): Html {
  const difference = run.greatestDifference;
  return html`${run.hardened ? 'In two pieces and in one the model' : 'Split and unsplit model'} gave the same answer on ${percent(run.agreement)}${
    difference === undefined ? '' : `; their outputs differ by at most ${difference.toExponential(1)}, relative`
  }.`;
}

function histogram(latencyMs: readonly number[]): Html {
  const [p50, p95] = [0.5, 0.95].map((p) => milliseconds(quantile(latencyMs, p)));
  return html`<div class="panel">${latencyHistogram(latencyMs)}
    <p class="note">p50 ${p50} ms, p95 ${p95} ms, slowest ${milliseconds(Math.max(...latencyMs))} ms. The last bar holds the slowest hundredth.</p></div>`;
}

function accuracy(run: RunEntry, { split, unsplit }: { readonly split: number; readonly unsplit: number }): Html {
  return html`<dl><dt>Accuracy, split</dt><dd>${percent(split)}</dd><dt>Accuracy, ${undivided(run)}</dt><dd>${percent(unsplit)}</dd>
    <dt>Pictures</dt><dd>${run.images}</dd></dl>`;
}

export function evidence({ environment, digests, model, data }: ReportData): Html {
  const rows = (list: Readonly<Record<string, string>>, code: boolean) =>
    Object.entries(list).map(
      ([name, value]) => html`<dt>${name}</dt><dd>${code ? html`<code>${value}</code>` : value}</dd>`,
    );
  const known = { [`Model ${model.name}`]: model.sha256, [`Data ${data.name}`]: data.sha256, ...digests };
  return html`<section><h2>Evidence</h2>
    <p>Attacks and the run were measured. Predicted latency and energy come from the profiles and are as good as those. These digests name what the figures belong to.</p>
    <dl>${rows(known, true)}</dl>
    <h2>Where it was measured</h2><dl>${rows(environment, false)}</dl></section>`;
}
