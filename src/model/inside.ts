/** Paths that a file names are not believed: they must lie beside it. */
import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, sep } from 'node:path';

export class OutsideError extends Error {}

/**
 * Where the companions of a file may lie: in its folder, and in that of the file it links to. Caches keep links in one
 * folder and the files themselves, model and weights alike, under their digests in another.
 */
export function homesOf(path: string): readonly string[] {
  try {
    return [...new Set([dirname(path), dirname(realpathSync(path))])];
  } catch {
    // What is wrong with the path is told by whoever reads it.
    return [dirname(path)];
  }
}

/**
 * The real path of a file below one of the folders, which are tried in turn.
 * @throws OutsideError for absolute paths, dots and links that lead out; the file system's error when it is not there
 */
export function insideFolder(folders: readonly string[], location: string): string {
  if (!location || isAbsolute(location) || location.split(/[/\\]/).includes('..') || location.includes('\0')) {
    throw new OutsideError('the location must be a relative path inside the folder of the model.');
  }
  const homes = folders.map((folder) => realpathSync(folder));
  const real = firstReal(folders.map((folder) => join(folder, location)));
  // A link can lead out of the folder although its name does not.
  if (!homes.some((home) => real.startsWith(home.endsWith(sep) ? home : home + sep))) {
    throw new OutsideError('it leads out of the folder of the model.');
  }
  return real;
}

function firstReal(paths: readonly string[]): string {
  let failure: unknown;
  for (const path of paths) {
    try {
      return realpathSync(path);
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}
