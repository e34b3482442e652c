/**
 * A folder into which pictures are put: each is read when it has settled, oldest first; sub-folders are labels, one deep. It is
 * looked at again and again rather than listened to, since shares on a network tell nobody of their changes.
 */
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
  return { pictures: pictures(), isFinite: false, counts, close: async () => {} };
}

class Watched {
  readonly #folder: string;
  readonly #settings: Pick<WatchSettings, 'settleMs'>;
  readonly #log: (line: string) => void;
  /** Of what is there now: memory goes with the folder. */
  #seen = new Map<string, Seen>();
  readonly #initial = new Map<string, number>();
  /** When files that have been taken are looked at again. */
  #fullMs = Number.NEGATIVE_INFINITY;
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
    const startMs = performance.now();
    const isFull = startMs >= this.#fullMs;
    const seen = new Map<string, Seen>();
    const settled: Settled[] = [];
    try {
      for await (const { name, path, label } of namesIn(this.#folder)) {
        const before = this.#seen.get(name);
        if (before?.isTaken && !isFull) {
          seen.set(name, before);
          continue;
        }
        // Gone since, or a link that leads nowhere yet.
        const found = await stat(path).catch(() => undefined);
        if (!found || found.isDirectory()) continue;
        const { size, mtimeMs } = found;
        const isSame = before?.size === size && before.mtimeMs === mtimeMs;
        const wasTaken = isSame && before.isTaken;
        const sinceMs = isSame ? before.sinceMs : performance.now();
        const isTaken = wasTaken || isSettled(sinceMs);
        seen.set(name, { size, mtimeMs, sinceMs, isTaken });
        const wasThere = this.#initial.get(name) === mtimeMs;
        if (isTaken && !wasTaken) settled.push({ name, path, label, mtimeMs, wasThere });
      }
    } catch (error) {
      // A disk that was unplugged may come back; what is there then is known again.
      const { message } = readError(this.#folder, error);
      if (message !== this.#complaint) this.#log(`${message} Looking on.`);
      this.#complaint = message;
      return [];
    }
    this.#complaint = undefined;
    // The bare place of a disk that was unplugged: what comes back with it is known.
    if (seen.size === 0) return [];
    this.#seen = seen;
    if (isFull) this.#fullMs = performance.now() + FULL_SHARE * (performance.now() - startMs);
    return settled;
  }
}

/** Looking at every file of a large folder takes no more than one part in so many of the time. */
const FULL_SHARE = 50;

/** What lies in the folder and in the folders in it; files, as far as the listing says. */
async function* namesIn(folder: string, label?: string): AsyncGenerator<Omit<Settled, 'mtimeMs' | 'wasThere'>> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (isDropping(entry.name) || unfinished.test(entry.name)) continue;
    const path = join(folder, entry.name);
    const isLink = entry.isSymbolicLink();
    const isFolder = entry.isDirectory() || (isLink && (await stat(path).catch(() => undefined))?.isDirectory());
    if (!isFolder) yield { name: label === undefined ? entry.name : `${label}/${entry.name}`, path, label };
    else if (label === undefined) yield* insideOf(path, entry.name);
  }
}

/** A folder that goes while it is looked at has nothing in it. */
async function* insideOf(path: string, label: string): ReturnType<typeof namesIn> {
  try {
    yield* namesIn(path, label);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
