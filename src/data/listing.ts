/** One folder of pictures: its files and its folders, links followed, nothing opened. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CutlineError } from '../errors.ts';
import { kindOf, readError } from '../files.ts';

export interface Entry {
  readonly name: string;
  readonly path: string;
  /** The same for every way that leads there, by link or by name. */
  readonly identity: string;
}

export interface Listing {
  readonly path: string;
  readonly identity: string;
  /** Ordered by code unit, so that every machine sees one order. */
  readonly files: readonly Entry[];
  readonly folders: readonly Entry[];
}

const MAX_ENTRIES = 2_000_000;

/** What Windows, macOS, Synology and ext4 leave in folders of pictures. */
const droppings =
  /^(\..*|Thumbs\.db|ehthumbs\.db|desktop\.ini|__MACOSX|@eaDir|lost\+found|\$RECYCLE\.BIN|System Volume Information)$/is;

/** Whether a name is passed over: it starts with a dot, or an operating system left it behind. */
export const isDropping = (name: string): boolean => droppings.test(name);

/**
 * Names that start with a dot are passed over, and what operating systems leave behind.
 * @param above the folders it was reached through
 * @throws CutlineError FILE_NOT_FOUND, LINK_BROKEN, FILE_UNREADABLE for what is neither file nor folder, DATA_MALFORMED
 */
export async function list(path: string, above: readonly Listing[] = []): Promise<Listing> {
  const [identity, entries] = await Promise.all([realpath(path), readdir(path, { withFileTypes: true })]).catch(
    (error: unknown) => {
      throw readError(path, error);
    },
  );
  if (entries.length > MAX_ENTRIES) {
    throw new CutlineError('DATA_MALFORMED', { path, problem: `more than ${MAX_ENTRIES} entries` });
  }
  const files: Entry[] = [];
  const folders: Entry[] = [];
  const around = [...above, { path, identity }];
  for (const dirent of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name } = dirent;
    if (isDropping(name)) continue;
    const way = join(path, name);
    const [found, real] = await Promise.all([
      stat(way, { bigint: true }),
      dirent.isSymbolicLink() ? realpath(way) : join(identity, name),
    ]).catch((error: unknown) => {
      throw lookError(way, name, error);
    });
    // Numbers only where there are hard links: some network file systems give strangers the same.
    const entry = {
      name,
      path: way,
      identity: found.nlink > 1n && found.isFile() ? `${found.dev}:${found.ino}` : real,
    };
    if (found.isFile()) files.push(entry);
    else if (found.isDirectory()) folders.push(entry);
    else throw new CutlineError('FILE_UNREADABLE', { path: way, problem: `${kindOf(found)}, not a picture` });
    const loop = around.find((f) => f.identity === entry.identity);
    if (loop) {
      throw new CutlineError('DATA_MALFORMED', { path: way, problem: `a link back to ${loop.path}. Take it away.` });
    }
  }
  return { path, identity, files, folders };
}

function lookError(path: string, name: string, error: unknown): CutlineError {
  // What stands for bytes that are no UTF-8 names no file.
  if (!name.includes('\ufffd')) return readError(path, error);
  return new CutlineError('DATA_MALFORMED', { path, problem: 'its name is not UTF-8. Rename it.' }, { cause: error });
}
