/** Results as a table to read. */

/** @param {number} x three significant digits, without exponents */
const short = (x) => (Math.abs(x) >= 100 ? x.toFixed(0) : Number(x.toPrecision(3)).toString());
const spread = ({ median, low, high }, digits = short) =>
  low === high ? digits(median) : `${digits(median)} (${digits(low)}–${digits(high)})`;
const pair = ({ psnr, ssim }) => `${psnr.toFixed(2)} / ${ssim.toFixed(3)}`;

function cells(row) {
  const is = (v) => (v === null || v === undefined ? '–' : 'psnr' in v ? pair(v) : spread(v));
  const times = (v) => `${v.toFixed(2)}×`;
  return [
    row.name,
    row.unit,
    is(row.ours),
    is(row.rival),
    row.speedup ? spread(row.speedup, times) : '',
    row.cpuSpeedup ? spread(row.cpuSpeedup, times) : '',
    row.target ? `${targetText(row.target)} ${row.target.met === null ? '?' : row.target.met ? '✓' : '✗'}` : '',
    [row.ours.seconds !== undefined && `${short(row.ours.seconds)} s`, row.note].filter(Boolean).join('; '),
  ];
}

function targetText({ speedup, judged, psnr, ssim, ms }) {
  if (speedup !== undefined) return `≥ ${speedup.toFixed(2)}×${judged === 'cpu' ? ' (processor)' : ''}`;
  if (ms !== undefined) return `≤ ${ms} ms`;
  return `≥ ${[psnr.toFixed(2), ssim?.toFixed(3)].filter(Boolean).join(' / ')}`;
}

/** One topic: title, table, notes, and loudly what is missing. */
export function topicText({ title, rows, notes = [], missing }) {
  const rivals = [...new Set(rows.map((r) => r.rival?.name).filter(Boolean))];
  const lines = ['', `── ${title}`];
  if (missing) lines.push(`   !!! NOT MEASURED: ${missing}`);
  if (rows.length > 0) {
    const head = ['', 'unit', 'ours', rivals.join('; ') || 'rival', 'times as fast', 'by processor time', 'target', ''];
    const all = [head, ...rows.map(cells)];
    const widths = head.map((_, i) => Math.max(...all.map((r) => r[i].length)));
    for (const r of all) lines.push(`   ${r.map((c, i) => c.padEnd(widths[i])).join('  ')}`.trimEnd());
  }
  for (const note of notes) lines.push(`   (${note})`);
  return lines.join('\n');
}
