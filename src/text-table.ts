/** Tables for terminals and logs. */

/** Columns padded to their widest cell; numbers are right-aligned. */
export function table(cells: readonly (readonly (string | number)[])[]): string {
  // Names come from strangers' files: an escape sequence in one must not reach the terminal.
  const rows = cells.map((row) => row.map((cell) => String(cell).replace(/\p{Cc}/gu, '?')));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  const numeric = (i: number) =>
    rows.length > 1 && rows.slice(1).every((r) => /^[-+]?[\d.,]+%?$|^[-–]$|^$/.test(r[i] ?? ''));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (numeric(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
