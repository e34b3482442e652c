/** Secrets and what belongs to them are never written over. */
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CutlineError } from '../errors.ts';
import { makeFolder, writeError } from '../files.ts';

/** Its folder is made too. @throws CutlineError KEY_EXISTS, OUTPUT_NOT_WRITABLE */
export async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    await makeFolder(dirname(path));
    const file = await open(path, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new CutlineError('KEY_EXISTS', { path });
    throw writeError(path, error);
  }
}
