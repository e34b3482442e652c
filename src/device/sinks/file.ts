/** Lines in a file, which is opened again after a failure: a full disk may have room tomorrow. */
import { open, rename, stat } from 'node:fs/promises';
import { CutlineError } from '../../errors.ts';
import { checkWritable, placeOf } from '../../files.ts';
import { appendTo, type Lines } from '../results/index.ts';
import type { FileSettings } from './settings.ts';
import { type Delivery, Undelivered } from './sink.ts';

/** @param path absolute @throws CutlineError OUTPUT_NOT_WRITABLE at once, when it is no file or cannot be written */
export async function fileDelivery(
  path: string,
  { fsync, maxBytes = Number.POSITIVE_INFINITY }: Pick<FileSettings, 'fsync' | 'maxBytes'>,
): Promise<Delivery> {
  await checkWritable(path);
  const place = await placeOf(path);
  if (place.kind !== 'file')
    throw new CutlineError('OUTPUT_NOT_WRITABLE', { path, problem: `a ${place.kind}, not a file` });
  const target = place.path;
  let [lines, bytes] = [undefined as Lines | undefined, 0];
  const opened = async (): Promise<Lines> => {
    const { keepBytes, isTorn } = await endOf(target);
    const found = await appendTo(path, target, { fsync, keepBytes });
    if (isTorn) await found.append('\n');
    bytes = keepBytes;
    return found;
  };
  const close = async () => {
    const last = lines;
    lines = undefined;
    await last?.close();
  };
  return {
    async deliver(text) {
      try {
        lines ??= await opened();
        const more = Buffer.byteLength(text) + 1;
        if (bytes > 0 && bytes + more > maxBytes) {
          await close();
          await rename(target, `${target}.1`);
          lines = await opened();
        }
        await lines.append(`${text}\n`);
        bytes += more;
      } catch (error) {
        await close().catch(() => {});
        throw new Undelivered(error instanceof Error ? error.message : String(error));
      }
    },
    close,
  };
}

/** Where the file ends, and whether in the middle of a line. */
async function endOf(target: string): Promise<{ keepBytes: number; isTorn: boolean }> {
  const size = await stat(target).then(
    (found) => (found.isFile() ? found.size : 0),
    () => 0,
  );
  if (size === 0) return { keepBytes: 0, isTorn: false };
  const file = await open(target, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return { keepBytes: size, isTorn: buffer[0] !== 10 };
  } finally {
    await file.close();
  }
}
