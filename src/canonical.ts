/** One text for equal documents, whatever the order of their keys: what digests are made of (RFC 8785). */
import { createHash } from 'node:crypto';

/** @param value plain data as JSON has it; keys without a value are left out */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/** In hex. */
export const canonicalSha256 = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex');

/** Keys by their UTF-16 code units, as the standard has it; numbers and texts are written as JavaScript writes them there too. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}
