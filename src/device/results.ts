/** The results file: one JSON line an inference. It appears whole when the run ends, or not at all. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CutlineError } from '../errors.ts';

export interface ResultsFile {
  /** @throws CutlineError OUTPUT_NOT_WRITABLE */
  append(line: object): Promise<void>;
  /** Makes the file appear. @throws CutlineError OUTPUT_NOT_WRITABLE */
  finish(): Promise<void>;
  /** Leaves nothing behind; no effect after `finish`. */
  discard(): Promise<void>;
}

/** Opens it at once, so that a bad path is known before anything is sent. @throws CutlineError OUTPUT_NOT_WRITABLE */
export async function openResults(path: string): Promise<ResultsFile> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      const { code, message } = error as NodeJS.ErrnoException;
      throw new CutlineError('OUTPUT_NOT_WRITABLE', { path, problem: code ?? message }, { cause: error });
    }
  };
  const file: FileHandle = await attempt(() => open(temporary, 'wx'));
  let isOpen = true;
  // One write after the other: inferences end in any order and at the same time.
  let last: Promise<void> = Promise.resolve();
  return {
    append(line) {
      const text = `${JSON.stringify(line)}\n`;
      last = last.then(() => attempt(() => file.appendFile(text)));
      last.catch(() => {});
      return last;
    },
    async finish() {
      await last;
      isOpen = false;
      await attempt(async () => {
        await file.sync();
        await file.close();
        await rename(temporary, path);
      });
    },
    async discard() {
      if (!isOpen) return;
      isOpen = false;
      await file.close().catch(() => {});
      await rm(temporary, { force: true });
    },
  };
}
