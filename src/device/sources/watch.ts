/**
 * A folder into which pictures are put: each is read when it has settled, oldest first; sub-folders are labels, one deep. It is
 * looked at again and again rather than listened to, since shares on a network tell nobody of their changes.
 */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDropping, MAX_IMAGE_BYTES } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import { kindOf, readBounded, readError, statOf } from '../../files.ts';
import type { Picture, Unread } from '../source.ts';
import { pictureOf, sha256Of } from './picture.ts';
import type { WatchSettings } from './settings.ts';
import { noSourceCounts, type OpenedSource, type SourceContext } from './source.ts';

interface Seen {
  readonly size: number;
  readonly mtimeMs: number;
  /** When it was first seen like this. */
  readonly sinceMs: number;
  readonly isTaken: boolean;
}

interface Settled {
  readonly name: string;
  readonly path: string;
  readonly label: string | undefined;
  readonly mtimeMs: number;
  /** It lay there, as it is, when the agent started: an earlier run may have answered it. */
  readonly wasThere: boolean;
}

/** What programs call a file that they are still writing. */
const unfinished = /(\.(part|partial|tmp|temp|crdownload|filepart)|~)$/i;

/** @param folder absolute @throws CutlineError FILE_NOT_FOUND, LINK_BROKEN, DATA_MALFORMED when it is no folder at the start */
export async function watchSource(
  folder: string,
  settings: Pick<WatchSettings, 'settleMs' | 'pollMs' | 'existing'>,
  context: SourceContext,
): Promise<OpenedSource> {
  const { done, stop, log } = context;
  const found = await statOf(folder);
  if (!found.isDirectory()) {
    throw new CutlineError('DATA_MALFORMED', {
      path: folder,
      problem: `${kindOf(found)}, and a folder is to be watched.`,
    });
  }
  const counts = noSourceCounts();
  const watched = new Watched(folder, settings, log);
  await watched.begin(settings.existing);
  async function* pictures(): AsyncGenerator<Picture | Unread> {
    while (!stop.aborted) {
      for (const { name, path, label, mtimeMs, wasThere } of await watched.settled()) {
        if (stop.aborted) return;
        // Written to since it was seen to have settled: it is seen again.
        if ((await stat(path).catch(() => undefined))?.mtimeMs !== mtimeMs) continue;
        try {
          const bytes = await readBounded(path, MAX_IMAGE_BYTES);
          const sha256 = sha256Of(bytes);
          if (wasThere && done?.take({ image: name, sha256 }, () => true)) counts.resumed++;
          else yield await pictureOf({ name, bytes, label, sha256, path }, context);
        } catch (error) {
          if (!(error instanceof CutlineError)) throw error;
          // Whoever put it there took it away again.
          if (error.code !== 'FILE_NOT_FOUND') yield { name, error };
        }
      }
      await sleep(settings.pollMs, undefined, { signal: stop }).catch(() => {});
    }
  }
  return { pictures: pictures(), counts, close: async () => {} };
}

class Watched {
  readonly #folder: string;
  readonly #settings: Pick<WatchSettings, 'settleMs'>;
  readonly #log: (line: string) => void;
  /** Of what is there now: memory goes with the folder. */
  #seen = new Map<string, Seen>();
  readonly #initial = new Map<string, number>();
  #complaint: string | undefined;

  constructor(folder: string, settings: Pick<WatchSettings, 'settleMs'>, log: (line: string) => void) {
    this.#folder = folder;
    this.#settings = settings;
    this.#log = log;
  }

  /** @param existing whether what is there now is to be read */
  async begin(existing: boolean): Promise<void> {
    await this.#look(() => !existing);
    for (const [name, { mtimeMs }] of this.#seen) this.#initial.set(name, mtimeMs);
  }

  /** Files that are new or changed, and have settled; each once. */
  async settled(): Promise<Settled[]> {
    const nowMs = performance.now();
    const isSettled = (since: number) => nowMs - since >= this.#settings.settleMs;
    return (await this.#look(isSettled)).sort((a, b) => a.mtimeMs - b.mtimeMs || (a.name < b.name ? -1 : 1));
  }

  async #look(isSettled: (sinceMs: number) => boolean): Promise<Settled[]> {
    let files: Awaited<ReturnType<typeof filesOf>>;
    try {
      files = await filesOf(this.#folder);
      this.#complaint = undefined;
    } catch (error) {
      // A disk that was unplugged may come back; what is there then is known again.
      const { message } = readError(this.#folder, error);
      if (message !== this.#complaint) this.#log(`${message} Looking on.`);
      this.#complaint = message;
      return [];
    }
    const seen = new Map<string, Seen>();
    const settled: Settled[] = [];
    for (const { name, path, label, found } of files) {
      const { size, mtimeMs } = found;
      const before = this.#seen.get(name);
      const isSame = before?.size === size && before.mtimeMs === mtimeMs;
      const sinceMs = isSame ? before.sinceMs : performance.now();
      const isTaken = (isSame && before.isTaken) || isSettled(sinceMs);
      seen.set(name, { size, mtimeMs, sinceMs, isTaken });
      if (isTaken && !(isSame && before.isTaken)) {
        settled.push({ name, path, label, mtimeMs, wasThere: this.#initial.get(name) === mtimeMs });
      }
    }
    this.#seen = seen;
    return settled;
  }
}

/** Files in the folder and in the folders in it. */
async function filesOf(folder: string) {
  const files: { name: string; path: string; label: string | undefined; found: Stats }[] = [];
  const look = async (path: string, label: string | undefined) => {
    for (const entry of await readdir(path)) {
      if (isDropping(entry) || unfinished.test(entry)) continue;
      const way = join(path, entry);
      // Gone since, or a link that leads nowhere yet.
      const found = await stat(way).catch(() => undefined);
      if (found?.isDirectory() && label === undefined) await look(way, entry).catch(() => {});
      else if (found && !found.isDirectory()) {
        files.push({ name: label === undefined ? entry : `${label}/${entry}`, path: way, label, found });
      }
    }
  };
  await look(folder, undefined);
  return files;
}
