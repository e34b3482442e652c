/** Documents by path, or by the name of one that comes with the package. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { CutlineError, type ErrorCode } from './errors.ts';
import { readDocument } from './validate.ts';

export interface Shipped<T> {
  /**
   * @param nameOrPath the name of a shipped one; anything with a slash or ending in .yaml, .yml or .json is a path
   * @throws CutlineError FILE_NOT_FOUND, `invalid` with the path of each wrong or unknown key, `unknown` with the names
   */
  read(nameOrPath: string): Promise<T>;
  names(): Promise<string[]>;
}

/** Anything with a slash, or that ends in .yaml, .yml or .json, is a path. */
export const isShippedName = (nameOrPath: string): boolean => !/[/\\]|\.(ya?ml|json)$/.test(nameOrPath);

/** @param folder in the package, which lies beside `dist/` and `src/` */
export function shippedDocuments<S extends z.ZodType>(
  folder: string,
  schema: S,
  codes: { readonly invalid: ErrorCode; readonly unknown: ErrorCode },
): Shipped<z.output<S>> {
  const at = fileURLToPath(new URL(`../${folder}/`, import.meta.url));
  const code = codes.invalid;
  const names = async () =>
    (await readdir(at))
      .filter((f) => f.endsWith('.yaml'))
      .map((f) => f.slice(0, -'.yaml'.length))
      .sort();
  return {
    names,
    async read(nameOrPath) {
      if (!isShippedName(nameOrPath)) return readDocument(nameOrPath, schema, { code });
      const known = await names();
      if (!known.includes(nameOrPath)) {
        throw new CutlineError(codes.unknown, { name: nameOrPath, known: known.join(', ') });
      }
      return readDocument(join(at, `${nameOrPath}.yaml`), schema, { code });
    },
  };
}
