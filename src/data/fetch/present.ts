/** Whether a folder holds a data set already, or something else that is not to be touched. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CutlineError } from '../../errors.ts';
import { kindOf, readError } from '../../files.ts';
import type { CatalogueEntry } from './catalogue.ts';

/**
 * False where nothing is there, or an empty folder.
 * @throws CutlineError OUTPUT_NOT_WRITABLE, DATA_MALFORMED for a folder that holds other things
 */
export async function isPresent(name: string, dir: string, { downloads }: CatalogueEntry): Promise<boolean> {
  const found = await stat(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw readError(dir, error);
  });
  if (!found) return false;
  if (!found.isDirectory()) throw new CutlineError('OUTPUT_NOT_WRITABLE', { path: dir, problem: kindOf(found) });
  const wanted = downloads.flatMap(({ keep, bytes }): [string, number][] =>
    'file' in keep ? [[keep.file, bytes]] : Object.entries(keep.members).map(([path, size]) => [basename(path), size]),
  );
  for (const [file, bytes] of wanted) {
    const size = await sizeOf(join(dir, file));
    // Unpacked by hand it does as well; its reader looks into it.
    const isUnpacked = size === undefined && (await sizeOf(join(dir, file.replace(/\.gz$/, '')))) !== undefined;
    if (size === bytes || isUnpacked) continue;
    if ((await readdir(dir)).length === 0) return false;
    const what = size === undefined ? `${file} is not in it` : `${file} has ${size} bytes, not ${bytes}`;
    const problem = `is there, but does not hold ${name}: ${what}. Choose another --dir, or take it away.`;
    throw new CutlineError('DATA_MALFORMED', { path: dir, problem });
  }
  return true;
}

const sizeOf = (path: string) =>
  stat(path).then(
    (s) => (s.isFile() ? s.size : undefined),
    () => undefined,
  );
