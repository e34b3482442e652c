/**
 * The results file: one JSON line an inference. It appears when the run ends, whole; what a run that failed got done stays
 * beside its place as `FILE.partial`, so that nobody takes it for the whole and nothing is lost.
 */
import { appendFile, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { checkWritable, makeFolder, placeOf, temporaryBeside, writeDescriptor, writeError } from '../files.ts';

export interface ResultsFile {
  /** @throws CutlineError OUTPUT_NOT_WRITABLE */
  append(line: object): Promise<void>;
  /** Makes the file appear. @throws CutlineError OUTPUT_NOT_WRITABLE */
  finish(): Promise<void>;
  /**
   * Keeps the lines that are whole; no effect after `finish`.
   * @returns where they are; undefined where there are none, or where they went as they came
   */
  abandon(): Promise<string | undefined>;
}

/** Opens it at once, so that a bad path is known before anything is sent. @throws CutlineError OUTPUT_NOT_WRITABLE */
export async function openResults(path: string): Promise<ResultsFile> {
  await checkWritable(path);
  const place = await placeOf(path);
  switch (place.kind) {
    case 'descriptor':
      return stream(path, (text) => writeDescriptor(place.fd, text));
    case 'device':
      return stream(path, (text) => appendFile(place.path, text));
    case 'file':
      return fileOf(path, place.path);
    default:
      return place satisfies never;
  }
}

/** One write after the other: inferences end in any order and at the same time. */
function queue(path: string, write: (text: string) => Promise<void>) {
  let last: Promise<void> = Promise.resolve();
  return {
    append(line: object) {
      const text = `${JSON.stringify(line)}\n`;
      last = last.then(() => write(text)).catch((error: unknown) => Promise.reject(writeError(path, error)));
      last.catch(() => {});
      return last;
    },
    idle: () => last,
  };
}

function stream(path: string, write: (text: string) => Promise<void>): ResultsFile {
  const { append, idle } = queue(path, write);
  return { append, finish: idle, abandon: async () => undefined };
}

async function fileOf(path: string, target: string): Promise<ResultsFile> {
  const temporary = temporaryBeside(target);
  let file: FileHandle;
  try {
    await makeFolder(dirname(target));
    file = await open(temporary, 'wx');
  } catch (error) {
    throw writeError(path, error);
  }
  let wholeBytes = 0;
  const { append, idle } = queue(path, async (text) => {
    await file.appendFile(text);
    wholeBytes += Buffer.byteLength(text);
  });
  let isSettled = false;
  const partial = `${target}.partial`;
  return {
    append,
    async finish() {
      await idle();
      try {
        await file.sync();
        await rename(temporary, target);
      } catch (error) {
        throw writeError(path, error);
      }
      isSettled = true;
      await file.close();
      // Of an earlier run that failed.
      await rm(partial, { force: true }).catch(() => {});
    },
    async abandon() {
      if (isSettled) return undefined;
      isSettled = true;
      await idle().catch(() => {});
      // On a full disk a line may have come to half.
      await file.truncate(wholeBytes).catch(() => {});
      await file.close().catch(() => {});
      const kept =
        wholeBytes > 0
          ? await rename(temporary, partial).then(
              () => partial,
              () => undefined,
            )
          : undefined;
      if (kept === undefined) await rm(temporary, { force: true }).catch(() => {});
      return kept;
    },
  };
}
