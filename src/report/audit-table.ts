/** What attacks saw, as a table for the terminal. */
import { table } from '../text-table.ts';
import type { AuditEntry, Band } from './types.ts';

/** One line a result, in the order given. Metrics with their 95 % interval; the gain is over the best guess. */
export function auditTable(results: readonly AuditEntry[]): string {
  const defended = results.some((r) => r.defense !== 'none');
  const coded = results.some((r) => r.codec !== 'float32');
  const header = [
    'cut',
    ...(defended ? ['defense'] : []),
    ...(coded ? ['codec'] : []),
    'threat',
    'attack',
    'n',
    'SSIM',
    '95 %',
    'worst 10 %',
    'gain',
    'PSNR dB',
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
    r.images ?? '–',
    similarity(r.ssim.mean),
    interval(r.ssim),
    r.ssim.worstDecile === undefined ? '–' : similarity(r.ssim.worstDecile),
    r.baseline === undefined ? '–' : signed(r.ssim.mean - r.baseline.ssim),
    r.psnr === undefined ? '–' : r.psnr.mean.toFixed(1),
    r.reidentification === undefined ? '–' : percent(r.reidentification.rank1),
    r.accuracy == null ? '–' : percent(r.accuracy),
    r.seconds === undefined ? '–' : r.seconds.toFixed(1),
  ]);
  return table([header, ...rows]);
}

const similarity = (value: number) => value.toFixed(3);
const interval = ({ low, high }: Band) => `${low.toFixed(3)} … ${high.toFixed(3)}`;
const signed = (value: number) => (value < 0 ? '' : '+') + value.toFixed(3);
const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
