/** Tables for terminals and logs. */

/** Columns padded to their widest cell; numbers are right-aligned. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
  }
  const numeric = (i: number) =>
    rows.length > 1 && rows.slice(1).every((r) => /^[-+]?[\d.,]+%?$|^[-–]$|^$/.test(String(r[i] ?? '')));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (numeric(i) ? String(cell).padStart(widths[i]!) : String(cell).padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
