/**
 * Which pictures a folder holds: the one answer that the device and everything that audits it go by.
 *
 * Sub-folders are labels, one level deep; pictures straight in the folder have none. `train/` and `test/` (or `val/`),
 * where both are there, are splits, each such a folder of its own; `val/` beside `test/` belongs to training. Links are
 * followed; a file that is reached twice counts once, by the first of its names. Everything that is not passed over
 * (see `list`) has to be a picture, whatever its name ends in.
 */
import { basename } from 'node:path';
import { CutlineError } from '../errors.ts';
import { requireFile, statOf } from '../files.ts';
import { type Entry, type Listing, list } from './listing.ts';

export interface PictureFile {
  readonly path: string;
  /** Where it lies in its folder, with slashes: `cat/1.png`. */
  readonly name: string;
  /** Undefined in a folder that is not divided. */
  readonly split: 'train' | 'test' | undefined;
  readonly label: string | undefined;
}

type Found = PictureFile & Pick<Entry, 'identity'>;

const splitNames = { train: /^train(ing)?$/i, test: /^test(ing)?$/i, val: /^val(id|idation)?$/i } as const;

/**
 * One picture, or those of a folder in order: by split, label and name. None is opened.
 * @throws CutlineError DATA_EMPTY, DATA_MALFORMED, FILE_NOT_FOUND, LINK_BROKEN, FILE_UNREADABLE, by name
 */
export async function pictureFiles(path: string): Promise<PictureFile[]> {
  const found = await statOf(path);
  if (found.isDirectory()) return inFolder(path);
  requireFile(path, found);
  return [{ path, name: basename(path), split: undefined, label: undefined }];
}

async function inFolder(path: string): Promise<PictureFile[]> {
  const top = await list(path);
  const parts = partsOf(top);
  if (!parts) return once(await labelled(top, [], '', undefined));
  const found: Found[] = [];
  for (const { folder, split } of parts) {
    found.push(...(await labelled(await list(folder.path, [top]), [top], `${folder.name}/`, split)));
  }
  const [with_, without] = [true, false].map((has) => found.find((f) => (f.label !== undefined) === has));
  if (with_ && without) {
    const problem = `one split has labels (${with_.name}), another has none (${without.name})`;
    throw new CutlineError('DATA_MALFORMED', { path, problem });
  }
  return once(found);
}

/** Undefined where the folder is not divided. */
function partsOf({ path, files, folders }: Listing): { folder: Entry; split: 'train' | 'test' }[] | undefined {
  const named = (role: keyof typeof splitNames) => folders.filter((f) => splitNames[role].test(f.name));
  const [train, test, val] = [named('train'), named('test'), named('val')];
  const counterpart = test.length > 0 ? test : val;
  if (train.length === 0 || counterpart.length === 0) return undefined;
  const twins = [train, test, val].find((same) => same.length > 1);
  if (twins) {
    const problem = `${twins[0]!.name} and ${twins[1]!.name} are one split. Keep either.`;
    throw new CutlineError('DATA_MALFORMED', { path, problem });
  }
  const stray = files[0] ?? folders.find((f) => ![...train, ...test, ...val].includes(f));
  if (stray) {
    const problem = `in neither of the splits ${train[0]!.name} and ${counterpart[0]!.name} beside it. Take it away.`;
    throw new CutlineError('DATA_MALFORMED', { path: stray.path, problem });
  }
  const learning = counterpart === test ? [...train, ...val] : train;
  return [
    ...learning.map((folder) => ({ folder, split: 'train' as const })),
    ...counterpart.map((folder) => ({ folder, split: 'test' as const })),
  ];
}

async function labelled(
  folder: Listing,
  above: readonly Listing[],
  prefix: string,
  split: PictureFile['split'],
): Promise<Found[]> {
  const { path, files, folders } = folder;
  if (files.length > 0 && folders.length > 0) {
    throw new CutlineError('DATA_MALFORMED', {
      path,
      problem: `has pictures (${files[0]!.name}) beside sub-folders (${folders[0]!.name}). Keep either: sub-folders are labels.`,
    });
  }
  if (files.length === 0 && folders.length === 0) throw new CutlineError('DATA_EMPTY', { path });
  if (folders.length === 0) {
    return files.map((file) => ({ ...file, name: prefix + file.name, split, label: undefined }));
  }
  const found: Found[] = [];
  for (const label of folders) {
    const inside = await list(label.path, [...above, folder]);
    const deeper = inside.folders[0];
    if (deeper) {
      const problem = 'a folder inside a label. Labels are one level deep.';
      throw new CutlineError('DATA_MALFORMED', { path: deeper.path, problem });
    }
    if (inside.files.length === 0) throw new CutlineError('DATA_EMPTY', { path: label.path });
    for (const file of inside.files) {
      found.push({ ...file, name: `${prefix}${label.name}/${file.name}`, split, label: label.name });
    }
  }
  return found;
}

/** A file counts once. Under two labels, or in both splits, nobody can say which is meant. */
function once(all: readonly Found[]): PictureFile[] {
  const seen = new Map<string, Found>();
  for (const picture of all) {
    const first = seen.get(picture.identity);
    if (!first) seen.set(picture.identity, picture);
    else if (first.label !== picture.label || first.split !== picture.split) {
      const problem = `the same file as ${first.name}, which lies elsewhere. Keep one.`;
      throw new CutlineError('DATA_MALFORMED', { path: picture.path, problem });
    }
  }
  return [...seen.values()].map(({ identity: _, ...picture }) => picture);
}
