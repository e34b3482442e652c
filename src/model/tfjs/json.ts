/** Narrowing of JSON from a file that is not believed. */
export type Json = Readonly<Record<string, unknown>>;

/** Thrown where a file is not what it should be; the reader puts the path before it. */
export class MalformedError extends Error {}

/** Thrown by a layer or operator about what it cannot do; the reader says which one it was. */
export class UnsupportedError extends Error {}

export function unsupported(problem: string): never {
  throw new UnsupportedError(problem);
}

export function malformed(problem: string): never {
  throw new MalformedError(problem);
}

export function isObject(v: unknown): v is Json {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

export const object = (v: unknown, what: string): Json => (isObject(v) ? v : malformed(`${what} is no object`));

export const list = (v: unknown, what: string): readonly unknown[] =>
  Array.isArray(v) ? v : malformed(`${what} is no list`);

export const text = (v: unknown, what: string): string => (typeof v === 'string' ? v : malformed(`${what} is no text`));

export function number(v: unknown, what: string): number {
  return typeof v === 'number' && Number.isFinite(v) ? v : malformed(`${what} is no number`);
}

export function wholeNumber(v: unknown, what: string): number {
  const n = number(v, what);
  return Number.isSafeInteger(n) ? n : malformed(`${what} is no whole number`);
}

/** One number for all axes, or a list of them. */
export function wholeNumbers(v: unknown, count: number, what: string): number[] {
  const all = Array.isArray(v) ? v : Array.from({ length: count }, () => v);
  if (all.length !== count) malformed(`${what} has ${all.length} values, not ${count}`);
  return all.map((n) => wholeNumber(n, what));
}
