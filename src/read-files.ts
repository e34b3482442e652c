/** Reading at the edge: bounded, and never by opening what could block, rewind or feed for ever. */
import { constants, lstatSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CutlineError } from './errors.ts';

/** Opening a FIFO that nobody writes to waits for ever without it, and takes a thread along; files do not care. */
export const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * The bytes of a file.
 * @param maxBytes a file of more is refused before it is read
 * @throws CutlineError FILE_NOT_FOUND, LINK_BROKEN, FILE_UNREADABLE, FILE_TOO_LARGE
 */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    requireFile(path, await stat(path));
    file = await open(path, readOnly);
    // Somebody may have put something else there meanwhile.
    const found = await file.stat();
    requireFile(path, found);
    if (found.size > maxBytes) throw new CutlineError('FILE_TOO_LARGE', { path, bytes: found.size, limit: maxBytes });
    // The size is fixed before reading: a file that grows meanwhile cannot grow the buffer.
    const bytes = Buffer.allocUnsafe(found.size);
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

/** What lies at a path, links followed. @throws CutlineError FILE_NOT_FOUND, LINK_BROKEN, FILE_UNREADABLE */
export async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw readError(path, error);
  }
}

/** @throws CutlineError FILE_UNREADABLE for folders and for what is neither file nor folder */
export function requireFile(path: string, found: Stats): void {
  if (!found.isFile()) throw new CutlineError('FILE_UNREADABLE', { path, problem: `${kindOf(found)}, not a file` });
}

export function kindOf(found: Pick<Stats, 'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket'>): string {
  if (found.isFile()) return 'a file';
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a FIFO';
  return found.isSocket() ? 'a socket' : 'a device';
}

/** What a failed read means to the user. */
export function readError(path: string, error: unknown): CutlineError {
  if (error instanceof CutlineError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ELOOP') {
    const link = brokenLink(path);
    if (link) return new CutlineError('LINK_BROKEN', { ...link }, { cause: error });
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') return new CutlineError('FILE_NOT_FOUND', { path }, { cause: error });
  return new CutlineError('FILE_UNREADABLE', { path, problem: code ?? message }, { cause: error });
}

/** The first link on the way along a path that leads nowhere. */
export function brokenLink(path: string): { path: string; target: string; where: string } | undefined {
  const above = dirname(path);
  const earlier = above === path ? undefined : brokenLink(above);
  if (earlier) return earlier;
  try {
    if (!lstatSync(path).isSymbolicLink()) return undefined;
    const target = readlinkSync(path);
    try {
      statSync(path);
      return undefined;
    } catch (error) {
      return { path, target, where: (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'in a circle' : 'nowhere' };
    }
  } catch {
    return undefined;
  }
}
