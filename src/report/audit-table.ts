/** What attacks saw, as a table for the terminal. */
import { table } from '../text-table.ts';
import type { AuditEntry, Band, ExposureEntry, FailedEntry } from './types.ts';

/**
 * One line a result, in the order given; the rest is in the JSON. The gain is SSIM over that of the best guess,
 * `over answer` over what the outputs alone give, `looks` the observations of one scene, `same label`
 * the share that the model takes for what it takes the truth for, `rank-1` the share found again in the gallery.
 */
export function auditTable(results: readonly AuditEntry[]): string {
  const defended = results.some((r) => r.defense !== 'none');
  const coded = results.some((r) => r.codec !== 'float32');
  const watched = results.some((r) => (r.observations ?? 1) > 1);
  const floored = results.some((r) => r.overAnswer);
  const labelled = results.some((r) => r.labelAgreement);
  const header = [
    'cut',
    ...(defended ? ['defense'] : []),
    ...(coded ? ['codec'] : []),
    'threat',
    'attack',
    ...(watched ? ['looks'] : []),
    'n',
    'SSIM',
    '95 %',
    'worst 10 %',
    'gain',
    ...(floored ? ['over answer'] : []),
    'PSNR dB',
    ...(labelled ? ['same label'] : []),
    'rank-1',
    'accuracy',
    'seconds',
  ];
  const rows = results.map((r) => [
    r.cut,
    ...(defended ? [r.defense] : []),
    ...(coded ? [r.codec] : []),
    r.threat,
    r.attack,
    ...(watched ? [r.observations ?? 1] : []),
    r.images ?? '–',
    similarity(r.ssim.mean),
    interval(r.ssim),
    r.ssim.worstDecile === undefined ? '–' : similarity(r.ssim.worstDecile),
    gainOf(r),
    ...(floored ? [r.overAnswer ? signed(r.overAnswer.mean) : '–'] : []),
    r.psnr === undefined ? '–' : r.psnr.mean.toFixed(1),
    ...(labelled ? [r.labelAgreement ? percent(r.labelAgreement.share) : '–'] : []),
    r.reidentification === undefined ? '–' : percent(r.reidentification.rank1),
    r.accuracy == null ? '–' : percent(r.accuracy),
    r.seconds === undefined ? '–' : r.seconds.toFixed(1),
  ]);
  return table([header, ...rows]);
}

/** Attacks that found nothing out, and why: one line an attack. */
export function failedTable(failed: readonly FailedEntry[]): string {
  const defended = failed.some((f) => f.defense !== 'none');
  const header = ['failed: cut', ...(defended ? ['defense'] : []), 'threat', 'attack', 'why nothing is known'];
  const rows = failed.map((f) => [f.cut, ...(defended ? [f.defense] : []), f.threat, f.attack, f.message]);
  return table([header, ...rows]);
}

/** What is known without any attack: one line a cut and defense. */
export function exposureTable(entries: readonly ExposureEntry[]): string {
  const defended = entries.some((e) => e.defense !== 'none');
  const bounded = entries.some((e) => e.dfil);
  const capped = entries.some((e) => typeof e.bitsCap === 'number');
  const header = [
    'cut',
    ...(defended ? ['defense'] : []),
    'distance correlation',
    'n',
    ...(bounded ? ['MSE bound (unbiased)'] : []),
    ...(capped ? ['bits at most'] : []),
  ];
  const rows = entries.map((e) => [
    e.cut,
    ...(defended ? [e.defense] : []),
    e.distanceCorrelation ? similarity(e.distanceCorrelation.value) : '–',
    e.distanceCorrelation?.n ?? '–',
    ...(bounded ? [e.dfil ? e.dfil.mseBound.toPrecision(3) : '–'] : []),
    ...(capped ? [e.bitsCap ?? '–'] : []),
  ]);
  return table([header, ...rows]);
}

function gainOf({ gain, baseline, ssim }: AuditEntry): string {
  if (gain) return signed(gain.ssim.mean);
  return baseline ? signed(ssim.mean - baseline.ssim) : '–';
}

const similarity = (value: number) => value.toFixed(3);
const interval = ({ low, high }: Band) => `${low.toFixed(3)} … ${high.toFixed(3)}`;
const signed = (value: number) => (value < 0 ? '' : '+') + value.toFixed(3);
const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
