/** To split or not, side by side, and what costs alone would have chosen. */

import { type Html, html } from '../html.ts';
import { bytes, cutName, milliseconds, similarity } from './format.ts';
import type { AlternativesEntry, PlanEntry, ReportData } from './types.ts';

const ways = { device: 'All on the device', cloud: 'All in the cloud', split: 'Split' } as const;

export function toSplitOrNot({ plan }: ReportData): Html | undefined {
  const { alternatives, costOnly } = plan;
  if (!alternatives) return undefined;
  return html`<section><h2>To split or not</h2>
    <p>${alternatives.sentence}</p>
    <div class="scroll"><table>
    <thead><tr><th>Way</th><th class="number">Latency</th><th class="number">Energy</th><th class="number">Sent</th><th class="number">Shown</th><th>To win</th></tr></thead>
    <tbody>${alternatives.list.map((a) => row(a, alternatives.winner))}</tbody></table></div>
    ${costOnly ? privacyCosts(costOnly) : undefined}
  </section>`;
}

function row({ kind, candidate: c, change }: AlternativesEntry['list'][number], winner: string | null): Html {
  const verdict = kind === winner ? html`<span class="tag safe">wins</span>` : change;
  if (!c) return html`<tr><td class="name">${ways[kind]}</td><td colspan="4">–</td><td>${change}</td></tr>`;
  const shown = c.cut === 'output' ? 'nothing' : c.leakage ? similarity(c.leakage.ssim.high) : 'not measured';
  return html`<tr class="${kind === winner ? 'chosen' : ''}">
    <td class="name">${ways[kind]}<span class="sub">${c.cut === 'output' ? '' : c.cut === 'input' ? c.codec : `${cutName(c.cut)}, ${c.defense}, ${c.codec}`}</span></td>
    <td class="number">${milliseconds(c.latencyMs.total)} ms</td>
    <td class="number">${c.energyMj === null ? '–' : `${milliseconds(c.energyMj)} mJ`}</td>
    <td class="number">${bytes(c.wireBytes)}</td>
    <td class="number">${shown}</td>
    <td class="reasons">${verdict}</td></tr>`;
}

const privacyCosts = ({ sentence }: NonNullable<PlanEntry['costOnly']>): Html =>
  html`<h3>What privacy costs</h3><p>${sentence}</p>`;
