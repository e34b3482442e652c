/** Files at the edge: reads are bounded, writes are whole or not at all. */
import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CutlineError } from './errors.ts';

/**
 * The bytes of a file.
 * @param maxBytes a file of more is refused before it is read
 * @throws CutlineError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_TOO_LARGE
 */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const stat = await file.stat();
    if (!stat.isFile()) throw new CutlineError('FILE_UNREADABLE', { path, problem: 'not a regular file' });
    if (stat.size > maxBytes) throw new CutlineError('FILE_TOO_LARGE', { path, bytes: stat.size, limit: maxBytes });
    // The size is fixed before reading: a file that grows meanwhile cannot grow the buffer.
    const bytes = Buffer.allocUnsafe(stat.size);
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, 1 << 28), at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } catch (error) {
    throw readError(path, error);
  } finally {
    await file?.close();
  }
}

/** What a failed read means to the user. */
export function readError(path: string, error: unknown): CutlineError {
  if (error instanceof CutlineError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new CutlineError('FILE_NOT_FOUND', { path }, { cause: error });
  return new CutlineError('FILE_UNREADABLE', { path, problem: code ?? message }, { cause: error });
}

/**
 * Makes a folder and what is missing above it. (`mkdir` with `recursive` never returns for a path in /proc.)
 * @returns the topmost folder that was made; undefined when all was there
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  const step = async (): Promise<string | undefined> => {
    try {
      await mkdir(path);
      return path;
    } catch (error) {
      const isFolder = await stat(path).then(
        (s) => s.isDirectory(),
        () => false,
      );
      if (isFolder) return undefined;
      throw error;
    }
  };
  const parent = dirname(path);
  const parentExists =
    parent === path ||
    (await stat(parent).then(
      () => true,
      () => false,
    ));
  if (parentExists) return step();
  const top = await makeFolder(parent);
  await step();
  return top ?? path;
}

/**
 * Writes a file by way of a temporary one beside it, so that nobody ever sees half of it. Makes missing folders. Devices
 * and pipes are written as they are: a file in their place would be the end of /dev/stdout.
 * @throws CutlineError OUTPUT_NOT_WRITABLE; nothing is left behind
 */
export async function writeAtomically(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    if ((await kindOf(path)) === 'device') return await writeFile(path, data);
    await makeFolder(dirname(path));
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(data);
      // Without this a power cut can leave the new name on an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw writeError(path, error);
  }
}

/**
 * As `writeAtomically`, for a process that is about to end and can wait for nothing. The folder is there; devices are left alone.
 * @returns whether it was written
 */
export function writeAtOnce(path: string, data: string): boolean {
  if (existsSync(path) && !statSync(path).isFile()) return false;
  const temporary = temporaryBeside(path);
  try {
    writeFileSync(temporary, data);
    renameSync(temporary, path);
    return true;
  } catch {
    rmSync(temporary, { force: true });
    return false;
  }
}

/**
 * Finds out before hours of work whether their result could be written. Leaves everything as it was.
 * @throws CutlineError OUTPUT_NOT_WRITABLE
 */
export async function checkWritable(path: string): Promise<void> {
  const temporary = temporaryBeside(path);
  let made: string | undefined;
  try {
    const kind = await kindOf(path);
    if (kind === 'device') return;
    if (kind === 'folder') throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    made = await makeFolder(dirname(path));
    await (await open(temporary, 'wx')).close();
  } catch (error) {
    throw writeError(path, error);
  } finally {
    await rm(made ?? temporary, { force: true, recursive: made !== undefined }).catch(() => {});
  }
}

const temporaryBeside = (path: string) =>
  join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);

function kindOf(path: string): Promise<'file' | 'folder' | 'device' | undefined> {
  return stat(path).then(
    (s) => (s.isFile() ? 'file' : s.isDirectory() ? 'folder' : 'device'),
    () => undefined,
  );
}

function writeError(path: string, error: unknown): CutlineError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new CutlineError('OUTPUT_NOT_WRITABLE', { path, problem: code ?? message }, { cause: error });
}
