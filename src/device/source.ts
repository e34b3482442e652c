/** A source gives the agent pictures, one after the other, each when it is asked for. It does not know what becomes of them. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { decodeImage, type Pixels, type Preprocessing } from '../data/index.ts';
import { CutlineError } from '../errors.ts';
import { readError } from '../files.ts';

export interface Picture {
  readonly name: string;
  /** The sub-folder it lay in, where that is one. */
  readonly label: string | undefined;
  readonly pixels: Pixels;
}

export type Source = AsyncIterable<Picture>;

interface Found {
  readonly path: string;
  readonly label: string | undefined;
}

/**
 * Image files, and folders of them; sub-folders are labels. All are looked up at once, so that a wrong path is known
 * before anything is sent; each is decoded when its turn comes.
 * @throws CutlineError FILE_NOT_FOUND, DATA_EMPTY; while iterating NOT_AN_IMAGE, IMAGE_CHANNELS
 */
export async function imageSource(
  paths: readonly string[],
  size: Pick<Preprocessing, 'channels' | 'height' | 'width'>,
  strictChannels: boolean,
): Promise<Source> {
  const found = (await Promise.all(paths.map(find))).flat();
  if (found.length === 0) throw new CutlineError('DATA_EMPTY', { path: paths.join(', ') || 'images' });
  const { channels, height, width } = size;
  return (async function* () {
    for (const { path, label } of found) {
      const pixels = await decodeImage(path, { channels, height, width, strictChannels });
      yield { name: label === undefined ? basename(path) : `${label}/${basename(path)}`, label, pixels };
    }
  })();
}

async function find(path: string): Promise<Found[]> {
  const entry = await stat(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  if (!entry.isDirectory()) return [{ path, label: undefined }];
  const top = await list(path);
  const inFolders = await Promise.all(
    top.folders.map(async (label) => {
      const folder = join(path, label);
      return (await list(folder)).files.map((file) => ({ path: join(folder, file), label }));
    }),
  );
  const found = [...top.files.map((file) => ({ path: join(path, file), label: undefined })), ...inFolders.flat()];
  if (found.length === 0) throw new CutlineError('DATA_EMPTY', { path });
  return found;
}

/** Sorted by code unit, so that every machine sees one order; hidden names are passed over. */
async function list(folder: string): Promise<{ files: string[]; folders: string[] }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw readError(folder, error);
  });
  const names = (wanted: boolean) =>
    entries
      .filter((e) => !e.name.startsWith('.') && e.isDirectory() === wanted)
      .map((e) => e.name)
      .sort();
  return { files: names(false), folders: names(true) };
}
