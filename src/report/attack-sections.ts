/** What attacks got back, and what is known of a cut without one. */

import { type Html, html } from '../html.ts';
import { cutName, defenseName, interval, percent, similarity } from './format.ts';
import type { AuditEntry, Band, ExposureEntry, FailedEntry, ReportData } from './types.ts';

const none = '–';
const number = (cell: Html | string | number) => html`<td class="number">${cell}</td>`;
const withInterval = (band: Band) => html`${similarity(band.mean)}<span class="sub">${interval(band)}</span>`;
const under = (text: Html | string, sub: string) => html`${text}<span class="sub">${sub}</span>`;

export function attacks({ attacks: entries, failed = [] }: ReportData): Html | undefined {
  if (entries.length === 0) return failed.length > 0 ? html`<section>${failures(failed)}</section>` : undefined;
  const labelled = entries.some((e) => e.labelAgreement);
  return html`<section><h2>Every attack</h2>
    <p>A cut is as weak as its best attack. Gain is what an attack adds to the best guess of somebody who saw
      nothing.${labelled ? ' Same label is how often the model takes the reconstruction for what it takes the picture for.' : ''}</p>
    <div class="scroll"><table>
      <thead><tr><th>Cut</th><th>Attack</th><th class="number">Pictures</th><th class="number">SSIM</th><th class="number">Worst tenth</th><th class="number">Gain</th><th class="number">PSNR</th>${labelled ? html`<th class="number">Same label</th>` : undefined}<th class="number">Told apart</th></tr></thead>
      <tbody>${entries.map((e) => attackRow(e, labelled))}</tbody></table></div>
    ${entries.some((e) => e.msssim) ? details(entries) : undefined}
    ${failed.length > 0 ? failures(failed) : undefined}</section>`;
}

function failures(failed: readonly FailedEntry[]): Html {
  const row = (f: FailedEntry) => html`<tr>
    <td class="name">${cutName(f.cut)}<span class="sub">${defenseName(f.defense)}</span></td>
    <td class="name">${f.attack}<span class="sub">${f.threat}</span></td><td class="reasons">${f.message}</td></tr>`;
  return html`<h2>Attacks that failed</h2>
    <p>They found nothing out, which is no measurement: a cut whose attack failed is not known to be safe, and no plan takes it.</p>
    <div class="scroll"><table><thead><tr><th>Cut</th><th>Attack</th><th>Why</th></tr></thead>
    <tbody>${failed.map(row)}</tbody></table></div>`;
}

const which = (e: AuditEntry) => html`
    <td class="name">${cutName(e.cut)}<span class="sub">${defenseName(e.defense)}${e.codec === 'float32' ? '' : `, ${e.codec}`}</span></td>
    <td class="name">${e.attack}<span class="sub">${e.threat}</span></td>`;

function attackRow(e: AuditEntry, labelled: boolean): Html {
  const gain = e.gain?.ssim.mean ?? (e.baseline && e.ssim.mean - e.baseline.ssim);
  const told = e.reidentification;
  const label = e.labelAgreement;
  return html`<tr>${which(e)}
    ${number(e.images ?? none)}
    ${number(withInterval(e.ssim))}
    ${number(e.ssim.worstDecile === undefined ? none : similarity(e.ssim.worstDecile))}
    ${number(gain === undefined ? none : (gain < 0 ? '−' : '+') + similarity(Math.abs(gain)))}
    ${number(e.psnr ? `${e.psnr.mean.toFixed(1)} dB` : none)}
    ${labelled ? number(label ? under(percent(label.share), `guess ${percent(label.baseline)}`) : none) : undefined}
    ${number(told ? under(percent(told.rank1), `of ${told.gallery}`) : none)}</tr>`;
}

function details(entries: readonly AuditEntry[]): Html {
  const row = (e: AuditEntry) => html`<tr>${which(e)}
    ${number(e.gain ? withInterval(e.gain.ssim) : none)}
    ${number(e.gain ? `${e.gain.psnr.mean.toFixed(1)} dB` : none)}
    ${number(e.ssimPaper ? withInterval(e.ssimPaper) : none)}
    ${number(e.msssim ? withInterval(e.msssim) : none)}
    ${number(e.mse ? e.mse.mean.toPrecision(2) : none)}
    ${number(e.featureCosine ? under(withInterval(e.featureCosine), `guess ${similarity(e.featureCosine.baseline)}`) : none)}
    ${number(e.featureReidentification ? under(percent(e.featureReidentification.rank1), `of ${e.featureReidentification.gallery}`) : none)}</tr>`;
  return html`<details><summary>Other metrics</summary><div class="scroll"><table>
    <thead><tr><th>Cut</th><th>Attack</th><th class="number">SSIM gain</th><th class="number">PSNR gain</th><th class="number">SSIM, paper</th><th class="number">MS-SSIM</th><th class="number">MSE</th><th class="number">Features alike</th><th class="number">Told apart by features</th></tr></thead>
    <tbody>${entries.map(row)}</tbody></table></div></details>`;
}

export function exposure({ exposure: entries }: ReportData): Html | undefined {
  if (!entries || entries.length === 0) return undefined;
  const bounded = entries.some((e) => e.dfil);
  const capped = entries.some((e) => typeof e.bitsCap === 'number');
  return html`<section><h2>Without any attack</h2>
    <p>Distance correlation is how much what is sent depends on the picture: 1 wholly, 0 not at all.${
      bounded
        ? ' The bound is the least mean squared error that any unbiased estimator can have because of the noise; an attack that knows what pictures look like is not unbiased and may do better, so it predicts none.'
        : ''
    }${capped ? ' Where what is sent is discrete, nobody learns more bits of a picture from its message than it has.' : ''}</p>
    <div class="scroll"><table>
      <thead><tr><th>Cut</th><th class="number">Distance correlation</th>${capped ? html`<th class="number">Bits at most</th>` : undefined}${bounded ? html`<th class="number">dFIL</th><th class="number">MSE bound, unbiased</th>` : undefined}</tr></thead>
      <tbody>${entries.map((e) => exposureRow(e, bounded, capped))}</tbody></table></div></section>`;
}

function exposureRow(e: ExposureEntry, bounded: boolean, capped: boolean): Html {
  const correlation = e.distanceCorrelation;
  return html`<tr>
    <td class="name">${cutName(e.cut)}<span class="sub">${defenseName(e.defense)}</span></td>
    ${number(correlation ? under(similarity(correlation.value), `${correlation.n} pictures`) : none)}
    ${capped ? number(e.bitsCap ?? none) : undefined}
    ${bounded ? html`${number(e.dfil ? e.dfil.value.toPrecision(3) : none)}${number(e.dfil ? e.dfil.mseBound.toPrecision(3) : none)}` : undefined}</tr>`;
}
