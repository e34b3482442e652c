/** Looks a name up that a file or a user chose: `constructor` and `__proto__` are names like any other. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
