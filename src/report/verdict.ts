/** The top of the page: what was decided, and whether it held. */

import { type Html, html } from '../html.ts';
import { quantile } from '../numeric/index.ts';
import { bytes, cutName, defenseName, interval, milliseconds, percent, similarity, undivided } from './format.ts';
import type { CandidateEntry, EvidenceEntry, ReportData } from './types.ts';

export function verdict(data: ReportData): Html {
  const { chosen } = data.plan;
  return html`<header>
    <p class="eyebrow">${data.title} · ${data.model.name} · ${data.created.slice(0, 16).replace('T', ' ')}</p>
    <h1>${chosen ? headline(chosen) : 'No cut meets what was asked'}</h1>
    <p class="lead">${chosen ? summary(data, chosen) : refusal(data)}</p>
    ${chosen ? stats(data, chosen) : undefined}
  </header>`;
}

function headline({ cut, defense }: CandidateEntry): string {
  if (cut === 'input') return 'Everything runs in the cloud';
  if (cut === 'output') return 'Everything stays on the device';
  return defense === 'none' ? `Cut at ${cut}` : `Cut at ${cut}, with ${defenseName(defense)}`;
}

function summary({ plan, data }: ReportData, chosen: CandidateEntry): Html {
  const { leakage, wireBytes } = chosen;
  if (chosen.cut === 'output') return html`Nothing leaves the device, so nothing leaks from it.`;
  const sends = html`The device runs the network up to this cut and sends ${bytes(wireBytes)} a picture.`;
  if (!leakage) return html`${sends} What leaks through it was not measured.`;
  const { maxSsim } = plan.thresholds;
  const worst = worstOf(plan.evidence);
  const { ssim, attack, images } = worst
    ? { ssim: worst.ssim, attack: worst.strongest, images: worst.images }
    : { ssim: leakage.ssim, attack: leakage.attack, images: data.victims };
  const floor = worst?.floor ?? leakage.floor;
  const holds = ssim.high <= maxSsim;
  const by = plan.protocol
    ? `Of the attacks that protocol ${plan.protocol.name} asks for`
    : 'Of the attacks that were run';
  const on = worst?.confirmation
    ? `${images} pictures that the search did not see, confidence ${percent(worst.confirmation.confidence)}`
    : `${images} pictures`;
  return html`${sends} ${by}, ${attack} (${leakage.threat}) gets back most:
    <strong class="${holds ? 'safe' : 'leak'}">SSIM ${similarity(ssim.mean)}</strong>
    (${worst?.confirmation ? '' : '95 % '}interval ${interval(ssim)}, ${on}); at most ${similarity(maxSsim)} was asked for.
    ${floor ? html`The answer alone gives away ${similarity(floor.mean)}: whoever answers in the cloud cannot leak less.` : undefined}`;
}

/** The observer who sees most. */
function worstOf(evidence: readonly EvidenceEntry[] = []): EvidenceEntry | undefined {
  return evidence.length > 0 ? evidence.reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a)) : undefined;
}

function refusal({ plan }: ReportData): Html {
  return html`${plan.candidates.length} candidates were weighed and every one was refused. ${plan.relaxation}`;
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${similarity(Math.abs(value))}`;

interface Stat {
  readonly name: string;
  readonly value: Html;
  readonly why: string;
  readonly tone?: 'safe' | 'leak';
}

function stats({ plan, run }: ReportData, chosen: CandidateEntry): Html {
  const list: Stat[] = [];
  const { leakage, latencyMs } = chosen;
  const worst = worstOf(plan.evidence);
  const ssim = worst?.ssim ?? leakage?.ssim;
  if (ssim) {
    list.push({
      name: 'Leakage, upper end',
      value: html`${similarity(ssim.high)} <small>SSIM</small>`,
      why: `at most ${similarity(plan.thresholds.maxSsim)} asked for`,
      tone: ssim.high <= plan.thresholds.maxSsim ? 'safe' : 'leak',
    });
  }
  if (worst?.overAnswer) {
    list.push({
      name: 'Over the answer',
      value: html`${signed(worst.overAnswer.mean)} <small>SSIM</small>`,
      why: `interval ${interval(worst.overAnswer)}; the answer alone gives ${worst.floor ? similarity(worst.floor.mean) : '–'}`,
    });
  }
  if (run && run.latencyMs.length > 0) {
    list.push({
      name: 'Latency, measured',
      value: html`${milliseconds(quantile(run.latencyMs, 0.5))} <small>ms p50</small>`,
      why: `p95 ${milliseconds(quantile(run.latencyMs, 0.95))} ms, ${run.latencyMs.length} pictures`,
    });
  } else {
    list.push({
      name: 'Latency, predicted',
      value: html`${milliseconds(latencyMs.total)} <small>ms</small>`,
      why: 'from the profiles; not yet measured end to end',
    });
  }
  if (run?.accuracy) {
    list.push({
      name: 'Accuracy, split',
      value: html`${percent(run.accuracy.split)}`,
      why: `${percent(run.accuracy.unsplit)} ${undivided(run)}; same answer ${run.hardened ? 'in one piece ' : ''}on ${percent(run.agreement)}`,
    });
  } else if (run) {
    list.push({
      name: 'Same answer as unsplit',
      value: html`${percent(run.agreement)}`,
      why: `of ${run.images} pictures`,
    });
  } else if (chosen.accuracy !== null) {
    list.push({ name: 'Accuracy', value: html`${percent(chosen.accuracy)}`, why: 'as the audit measured it' });
  }
  list.push({
    name: 'Sent a picture',
    value: html`${bytes(chosen.wireBytes)}`,
    why: `${chosen.codec}, from ${bytes(chosen.activationBytes)} at ${cutName(chosen.cut)}`,
  });
  if (typeof chosen.bitsCap === 'number' && chosen.bitsCap > 0) {
    const { maxBits } = plan.thresholds;
    list.push({
      name: 'Told a picture, at most',
      value: html`${chosen.bitsCap} <small>bits</small>`,
      why: `whoever attacks${maxBits === undefined ? '' : `; at most ${maxBits} asked for`}`,
    });
  }
  return html`<ul class="stats">${list.map(
    ({ name, value, why, tone }) =>
      html`<li><span class="name">${name}</span><span class="value ${tone ?? ''}">${value}</span><span class="why">${why}</span></li>`,
  )}</ul>`;
}
