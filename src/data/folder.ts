/**
 * A folder of pictures. Sub-folders are labels; pictures straight in the folder are unlabelled. `train/` and `test/`
 * (or `val/`), where both are there, are the splits; otherwise the first and then every fifth picture of each label, in
 * order of name, is for testing. Names are ordered by code unit, so every machine sees the same order. Names that
 * start with a dot are passed over.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CutlineError } from '../errors.ts';
import { readError } from '../files.ts';
import type { Dataset, Pixels, Split } from './dataset.ts';
import { checkMagic, decodeImage, imageSize, MAX_IMAGE_BYTES } from './decode.ts';
import { checkIndex, type ImageSize, stopIfAborted } from './split.ts';

const TEST_EVERY = 5;
const MAX_FILES = 2_000_000;

interface Picture {
  readonly path: string;
  readonly label: string | undefined;
}

export interface FolderOptions {
  /** The size pictures are brought to; the first picture's own when left out. */
  readonly size?: ImageSize | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws CutlineError FILE_*, DATA_EMPTY, DATA_MALFORMED, NOT_AN_IMAGE (from the first bytes of every file) */
export async function openFolder(name: string, dir: string, options: FolderOptions = {}): Promise<Dataset> {
  const top = await list(dir);
  const testName = top.folders.includes('test') ? 'test' : 'val';
  const isSplit = top.folders.includes('train') && top.folders.includes(testName);
  const train: Picture[] = [];
  const test: Picture[] = [];
  if (isSplit) {
    train.push(...(await pictures(join(dir, 'train'))));
    test.push(...(await pictures(join(dir, testName))));
    if ((train[0]!.label === undefined) !== (test[0]!.label === undefined)) {
      throw new CutlineError('DATA_MALFORMED', { path: dir, problem: 'one split has labels, the other has none' });
    }
  } else {
    const seen = new Map<string | undefined, number>();
    for (const picture of await pictures(dir)) {
      const position = seen.get(picture.label) ?? 0;
      seen.set(picture.label, position + 1);
      (position % TEST_EVERY === 0 ? test : train).push(picture);
    }
  }
  // Callers pass a whole preprocessing; only its size belongs in the data set.
  const { channels, height, width } = options.size ?? (await imageSize(test[0]!.path));
  const size: ImageSize = { channels, height, width };
  const sha256 = await digest(dir, [...train, ...test], options.signal);
  const labels = [...new Set([...train, ...test].flatMap((p) => p.label ?? []))].sort();
  const classes = labels.length > 0 ? labels : undefined;
  return {
    name,
    sha256,
    ...size,
    classes,
    train: folderSplit(train, classes, size),
    test: folderSplit(test, classes, size),
  };
}

async function pictures(dir: string): Promise<Picture[]> {
  const { files, folders } = await list(dir);
  if (files.length > 0 && folders.length > 0) {
    throw new CutlineError('DATA_MALFORMED', {
      path: dir,
      problem: `has pictures (${files[0]}) beside sub-folders (${folders[0]}). Keep either: sub-folders are labels.`,
    });
  }
  if (files.length === 0 && folders.length === 0) throw new CutlineError('DATA_EMPTY', { path: dir });
  if (folders.length === 0) return files.map((file) => ({ path: join(dir, file), label: undefined }));
  const found: Picture[] = [];
  for (const label of folders) {
    const inside = await list(join(dir, label));
    if (inside.folders.length > 0) {
      throw new CutlineError('DATA_MALFORMED', {
        path: join(dir, label, inside.folders[0]!),
        problem: 'a folder inside a label. Labels are one level deep.',
      });
    }
    if (inside.files.length === 0) throw new CutlineError('DATA_EMPTY', { path: join(dir, label) });
    for (const file of inside.files) found.push({ path: join(dir, label, file), label });
  }
  return found;
}

async function list(dir: string): Promise<{ files: string[]; folders: string[] }> {
  const files: string[] = [];
  const folders: string[] = [];
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    if (entries.length > MAX_FILES) {
      throw new CutlineError('DATA_MALFORMED', { path: dir, problem: `more than ${MAX_FILES} entries` });
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const kind = entry.isSymbolicLink() ? await stat(join(dir, entry.name)) : entry;
      (kind.isDirectory() ? folders : files).push(entry.name);
    }
  } catch (error) {
    throw readError(dir, error);
  }
  return { files: files.sort(), folders: folders.sort() };
}

/** SHA-256 over one line a file: its own SHA-256 and its path in the folder, sorted by path. */
async function digest(dir: string, all: readonly Picture[], signal: AbortSignal | undefined): Promise<string> {
  const lines: string[] = [];
  for (const { path } of all) {
    stopIfAborted(signal);
    lines.push(`${path.slice(dir.length).replaceAll('\\', '/').replace(/^\/+/, '')}\n${await hashPicture(path)}\n`);
  }
  return createHash('sha256').update(lines.sort().join('')).digest('hex');
}

async function hashPicture(path: string): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      if (bytes === 0) checkMagic(chunk, path);
      bytes += chunk.length;
      if (bytes > MAX_IMAGE_BYTES) {
        throw new CutlineError('FILE_TOO_LARGE', { path, bytes, limit: MAX_IMAGE_BYTES });
      }
      hash.update(chunk);
    }
  } catch (error) {
    throw readError(path, error);
  }
  if (bytes === 0) checkMagic(new Uint8Array(0), path);
  return hash.digest('hex');
}

function folderSplit(list: readonly Picture[], classes: readonly string[] | undefined, size: ImageSize): Split {
  const numbers = new Map(classes?.map((label, i) => [label, i]));
  const length = size.channels * size.height * size.width;
  return {
    count: list.length,
    labels: classes && Int32Array.from(list, (p) => numbers.get(p.label!)!),
    async pixels(indices, signal): Promise<Pixels> {
      for (const index of indices) checkIndex(index, list.length);
      const data = new Uint8Array(indices.length * length);
      // libvips has its own threads, but a few pictures under way hide the reading of files.
      const queue = indices.entries();
      const worker = async () => {
        for (const [i, index] of queue) {
          stopIfAborted(signal);
          data.set((await decodeImage(list[index]!.path, size)).data, i * length);
        }
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
      return { ...size, count: indices.length, data };
    },
  };
}
