/** Small files of /sys. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Without the line's end; undefined where there is no such file. @throws what reading fails with otherwise */
export async function word(folder: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, name), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** NaN where the file is not there or holds no number. @throws what reading fails with otherwise */
export async function number(folder: string, name: string): Promise<number> {
  const text = await word(folder, name);
  return text === undefined || text === '' ? Number.NaN : Number(text);
}

/** Folders below, in order; none where there is no such folder. */
export async function foldersIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.sort().map((name) => join(folder, name));
}
