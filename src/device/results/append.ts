/** Lines at the end of a file: one write each, in order, and after each the file is whole; when they reach the disk is a setting. */
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { makeFolder, writeError } from '../../files.ts';

/**
 * When lines are forced to the disk: `each` as it comes, every so many seconds, or `never`, when the system sees fit. A line that
 * is written survives the end of the process either way; this is about the end of the machine.
 */
export const fsyncSchema = z.union([z.enum(['never', 'each']), z.number().min(0.1).max(3600)], {
  error: 'expected never, each, or seconds from 0.1 to 3600',
});
export type Fsync = z.output<typeof fsyncSchema>;

export interface Lines {
  /** Resolves when it is written, and with `each` on the disk. @throws CutlineError OUTPUT_NOT_WRITABLE, then and from then on */
  append(text: string): Promise<void>;
  /** Writes what waits. @throws CutlineError OUTPUT_NOT_WRITABLE */
  close(): Promise<void>;
}

/** One write after the other: inferences end in any order and at the same time. */
export function inTurn(path: string, write: (text: string) => Promise<void>, end: () => Promise<void>): Lines {
  let last: Promise<void> = Promise.resolve();
  return {
    append(text) {
      last = last.then(() => write(text)).catch((error: unknown) => Promise.reject(writeError(path, error)));
      last.catch(() => {});
      return last;
    },
    async close() {
      try {
        await last;
      } finally {
        await end();
      }
    },
  };
}

export interface AppendOptions {
  readonly fsync: Fsync;
  /** What is behind is cut off: 0 begins anew. */
  readonly keepBytes: number;
}

/**
 * Opens a file for lines, made with its folder where it is not there.
 * @param path as the user wrote it, for errors
 * @param target where it is, links followed
 * @throws CutlineError OUTPUT_NOT_WRITABLE
 */
export async function appendTo(path: string, target: string, { fsync, keepBytes }: AppendOptions): Promise<Lines> {
  let file: FileHandle;
  try {
    await makeFolder(dirname(target));
    file = await open(target, 'a');
    await file.truncate(keepBytes);
  } catch (error) {
    throw writeError(path, error);
  }
  let [wholeBytes, syncedBytes] = [keepBytes, keepBytes];
  let failure: unknown;
  const sync = async () => {
    const reached = wholeBytes;
    if (reached === syncedBytes) return;
    await file.datasync();
    syncedBytes = reached;
  };
  const isTimed = typeof fsync === 'number';
  const timer = isTimed ? setInterval(() => sync().catch((e: unknown) => (failure = e)), fsync * 1000) : undefined;
  timer?.unref();
  const write = async (text: string) => {
    // What the disk refused a moment ago is not on it, and nothing that follows may say so.
    if (failure !== undefined) throw failure;
    try {
      await file.appendFile(text);
    } catch (error) {
      // On a full disk a line may have come to half.
      await file.truncate(wholeBytes).catch(() => {});
      throw error;
    }
    wholeBytes += Buffer.byteLength(text);
    if (fsync === 'each') await sync();
  };
  const end = async () => {
    clearInterval(timer);
    try {
      if (failure !== undefined) throw failure;
      if (fsync !== 'never') await sync();
    } catch (error) {
      throw writeError(path, error);
    } finally {
      await file.close().catch(() => {});
    }
  };
  return inTurn(path, write, end);
}
