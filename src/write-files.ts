/** Writing at the edge: a file is whole or not there, and what stands in its place is not done away with. */
import { randomBytes } from 'node:crypto';
import { existsSync, fstatSync, renameSync, rmSync, statSync, writeFileSync, writeFile as writeTo } from 'node:fs';
import { mkdir, open, readlink, realpath, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { CutlineError } from './errors.ts';
import { brokenLink, kindOf } from './read-files.ts';

/** Where something written to a path ends up, links followed. */
export type Place =
  /** A file that is there, or will be. */
  | { readonly kind: 'file'; readonly path: string }
  /** /dev/null and its like: written as it is. */
  | { readonly kind: 'device'; readonly path: string }
  /** One that this process has open, /dev/stdout among them. */
  | { readonly kind: 'descriptor'; readonly fd: number };

/** As many links in a row as Linux follows. */
const MAX_LINKS = 40;

/** More than any file system keeps beside a name; less than any result. */
const PROBE_BYTES = 1 << 16;

/**
 * Writes a file by way of a temporary one beside it, so that nobody ever sees half of it. Makes missing folders. A link
 * is written through. Devices and open descriptors are written as they are: a file in their place would be the end of
 * /dev/stdout.
 * @throws CutlineError OUTPUT_NOT_WRITABLE; nothing is left behind
 */
export async function writeAtomically(path: string, data: string | Uint8Array): Promise<void> {
  const place = await placeOf(path);
  const temporary = place.kind === 'file' ? temporaryBeside(place.path) : undefined;
  try {
    if (place.kind === 'descriptor') return await writeDescriptor(place.fd, data);
    if (!temporary) return await writeFile(place.path, data);
    await makeFolder(dirname(temporary));
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(data);
      // Without this a power cut can leave the new name on an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, place.path);
  } catch (error) {
    if (temporary) await rm(temporary, { force: true }).catch(() => {});
    throw writeError(path, error);
  }
}

/**
 * As `writeAtomically`, for a process that is about to end and can wait for nothing. The folder is there; devices are left alone.
 * @returns whether it was written
 */
export function writeAtOnce(path: string, data: string): boolean {
  const temporary = temporaryBeside(path);
  try {
    if (existsSync(path) && !statSync(path).isFile()) return false;
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
  const place = await placeOf(path);
  if (place.kind !== 'file') return;
  const temporary = temporaryBeside(place.path);
  let made: string | undefined;
  try {
    made = await makeFolder(dirname(temporary));
    const file = await open(temporary, 'wx');
    // On a full disk a name may still find room.
    await file.writeFile(new Uint8Array(PROBE_BYTES)).finally(() => file.close());
  } catch (error) {
    throw writeError(path, error);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
    if (made !== undefined) await removeEmpty(dirname(temporary), made);
  }
}

/** The same for a folder that files will be put into. @throws CutlineError OUTPUT_NOT_WRITABLE, with the folder's name */
export async function checkFolder(path: string): Promise<void> {
  try {
    await checkWritable(join(path, 'file'));
  } catch (error) {
    throw error instanceof CutlineError
      ? new CutlineError('OUTPUT_NOT_WRITABLE', { ...error.details, path }, { cause: error })
      : error;
  }
}

/**
 * Refuses something else in the place of a folder, or on the way to it. It need not be there, since another machine may be meant.
 * @throws CutlineError OUTPUT_NOT_WRITABLE
 */
export async function checkNoFile(path: string): Promise<void> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') throw writeError(path, error);
  }
}

/** From the deepest folder up to the topmost, as far as nobody has put anything there. */
async function removeEmpty(deepest: string, topmost: string): Promise<void> {
  for (let at = deepest; at.length >= topmost.length; at = dirname(at)) {
    const isGone = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!isGone) return;
  }
}

/** @throws CutlineError OUTPUT_NOT_WRITABLE for folders, FIFOs, sockets and disks: they are not opened */
export async function placeOf(path: string): Promise<Place> {
  try {
    // Only a folder is written so, and it need not be there yet.
    if (path.endsWith('/') || path.endsWith(sep)) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    let at = path;
    for (let links = 0; ; links++) {
      const fd = descriptorOf(at);
      if (fd !== undefined) {
        fstatSync(fd);
        return { kind: 'descriptor', fd };
      }
      const target = await readlink(at).catch(() => undefined);
      if (target === undefined) break;
      if (links === MAX_LINKS) throw Object.assign(new Error('a circle of links'), { code: 'ELOOP' });
      at = resolve(await realpath(dirname(at)), target);
    }
    const found = await stat(at).catch(() => undefined);
    if (!found || found.isFile()) return { kind: 'file', path: resolve(at) };
    if (found.isCharacterDevice()) return { kind: 'device', path: at };
    if (found.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    throw new Error(kindOf(found));
  } catch (error) {
    throw writeError(path, error);
  }
}

/** The descriptor that a path such as /dev/stdout or /dev/fd/63 stands for: its link leads to no path one could open. */
function descriptorOf(path: string): number | undefined {
  if (path === '/dev/stdout') return 1;
  if (path === '/dev/stderr') return 2;
  const [, owner, fd] = /^\/(?:dev|proc\/(self|\d+))\/fd\/(\d+)$/.exec(path) ?? [];
  if (fd === undefined || !['self', String(process.pid), undefined].includes(owner)) return undefined;
  return Number(fd);
}

export function writeDescriptor(fd: number, data: string | Uint8Array): Promise<void> {
  return new Promise((done, failed) => {
    const end = (error?: Error | null) => (error ? failed(error) : done());
    // Ours are streams: in order with all else that is said there, and patient with a slow reader.
    const stream = { 1: process.stdout, 2: process.stderr }[fd];
    if (stream) stream.write(data, end);
    else writeTo(fd, data, end);
  });
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

/** A hidden name of its own; of the path's name as much as surely leaves room for the rest. */
const temporaryBeside = (path: string): string =>
  resolve(dirname(path), `.${basename(path).slice(0, 40)}.${randomBytes(6).toString('hex')}.tmp`);

export function writeError(path: string, error: unknown): CutlineError {
  if (error instanceof CutlineError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const isInTheWay = code === 'EEXIST' || code === 'ENOENT' || code === 'ENOTDIR';
  const problem = (isInTheWay && obstacle(dirname(path))) || (code ?? message);
  return new CutlineError('OUTPUT_NOT_WRITABLE', { path, problem }, { cause: error });
}

/** What is on the way to a folder that cannot be made, and is none. */
function obstacle(folder: string): string | undefined {
  const link = brokenLink(folder);
  if (link) return `${link.path} is a link to ${link.target}, which leads ${link.where}`;
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    try {
      const found = statSync(at);
      return found.isDirectory() ? undefined : `${at} is ${kindOf(found)}, not a folder`;
    } catch {
      // Look further up.
    }
  }
  return undefined;
}
