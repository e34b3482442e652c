/** Public data sets over HTTPS, checked against sums that are part of this program. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { CutlineError } from '../../errors.ts';
import { makeFolder, writeError } from '../../files.ts';
import { defaultCacheDir } from '../open.ts';
import { type CatalogueEntry, catalogue, type Download } from './catalogue.ts';
import { isPresent } from './present.ts';
import { tarMembers } from './tar.ts';

export interface FetchResult {
  readonly format: 'cutline.data-fetch/1';
  readonly name: string;
  readonly dir: string;
  /** What to write after `--data`. */
  readonly spec: string;
  /** Nothing was downloaded: it was there already. */
  readonly alreadyThere: boolean;
  readonly licence: string;
}

export interface FetchOptions {
  /** Where the data goes. Default: where `openDataset` looks. */
  readonly dir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { readonly url: string; readonly bytes: number; readonly total: number }) => void;
  /** For tests: other places and sums. */
  readonly catalogue?: Readonly<Record<string, CatalogueEntry>>;
  /** Default 30 000. A server that sends nothing for so long is given up. */
  readonly stallMs?: number;
}

/**
 * Downloads a data set into its folder: all of it or nothing.
 * @throws CutlineError USAGE for an unknown name, FETCH_FAILED, FETCH_CHECKSUM, DATA_MALFORMED, OUTPUT_NOT_WRITABLE
 */
export async function fetchDataset(name: string, options: FetchOptions = {}): Promise<FetchResult> {
  const known = options.catalogue ?? catalogue;
  const entry = Object.hasOwn(known, name) ? known[name] : undefined;
  if (!entry) {
    throw new CutlineError('USAGE', { problem: `No data set ${name}. There are ${Object.keys(known).join(', ')}.` });
  }
  const dir = options.dir ?? join(defaultCacheDir(), name);
  const spec = options.dir === undefined ? name : `${name}:${dir}`;
  const result = { format: 'cutline.data-fetch/1', name, dir, spec, licence: entry.licence } as const;
  if (await isPresent(name, dir, entry)) return { ...result, alreadyThere: true };

  const temporary = join(dirname(dir), `.${basename(dir)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writing(dir, () => makeFolder(temporary));
    for (const download of entry.downloads) {
      const target = join(temporary, 'file' in download.keep ? download.keep.file : 'archive.tar.gz');
      await downloadTo(target, download, options);
      if ('members' in download.keep) {
        await unpack(target, download.keep.members, temporary, download.url);
        await rm(target);
      }
    }
    // Empty, if it is there.
    await rmdir(dir).catch(() => {});
    await writing(dir, () => rename(temporary, dir));
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
  }
  return { ...result, alreadyThere: false };
}

async function downloadTo(path: string, download: Download, options: FetchOptions): Promise<void> {
  const { url, bytes: total, sha256 } = download;
  const stall = new AbortController();
  const stallMs = options.stallMs ?? 30_000;
  const giveUp = () => stall.abort(new Error(`nothing came for ${stallMs / 1000} s`));
  let timer = setTimeout(giveUp, stallMs);
  let file: FileHandle | undefined;
  try {
    const signal = options.signal ? AbortSignal.any([options.signal, stall.signal]) : stall.signal;
    const response = await fetch(url, { signal });
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    const output = await writing(path, () => open(path, 'wx'));
    file = output;
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, stallMs);
      bytes += chunk.length;
      if (bytes > total) throw new Error(`more came than the ${total} bytes expected`);
      hash.update(chunk);
      await writing(path, () => output.writeFile(chunk));
      options.onProgress?.({ url, bytes, total });
    }
    const found = hash.digest('hex');
    if (found !== sha256) {
      throw new CutlineError('FETCH_CHECKSUM', { url, algorithm: 'SHA-256', found, expected: sha256 });
    }
    await writing(path, () => output.sync());
  } catch (error) {
    if (error instanceof CutlineError) throw error;
    if (options.signal?.aborted) throw new CutlineError('CANCELLED', {}, { cause: error });
    throw new CutlineError('FETCH_FAILED', { url, problem: reason(error) }, { cause: error });
  } finally {
    clearTimeout(timer);
    await file?.close();
  }
}

async function unpack(
  archive: string,
  members: Readonly<Record<string, number>>,
  dir: string,
  url: string,
): Promise<void> {
  let [file, name]: [FileHandle | undefined, string] = [undefined, ''];
  try {
    const stream = createReadStream(archive).pipe(createGunzip());
    for await (const member of tarMembers(stream, members, url)) {
      if (member.name !== name) {
        await file?.close();
        name = member.name;
        // The name is one of ours, not the archive's.
        file = await writing(dir, () => open(join(dir, basename(name)), 'wx'));
      }
      await writing(dir, async () => file?.writeFile(member.bytes));
    }
  } catch (error) {
    if (error instanceof CutlineError) throw error;
    throw new CutlineError('DATA_MALFORMED', { path: url, problem: reason(error) }, { cause: error });
  } finally {
    await file?.close();
  }
}

async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw writeError(path, error);
  }
}

/** Node's fetch says "fetch failed" and keeps the reason in `cause`. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error.cause instanceof Error ? error.cause : error;
  return inner.message || (inner as NodeJS.ErrnoException).code || error.message;
}
