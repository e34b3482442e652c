/** Paths that a file names are not believed: they must lie inside its folder. */
import { realpathSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';

export class OutsideError extends Error {}

/**
 * The real path of a file below a folder.
 * @throws OutsideError for absolute paths, dots and links that lead out; the file system's error when it is not there
 */
export function insideFolder(directory: string, location: string): string {
  if (!location || isAbsolute(location) || location.split(/[/\\]/).includes('..') || location.includes('\0')) {
    throw new OutsideError('the location must be a relative path inside the folder of the model.');
  }
  const folder = realpathSync(directory);
  const real = realpathSync(join(folder, location));
  // A link can lead out of the folder although its name does not.
  if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
    throw new OutsideError('it leads out of the folder of the model.');
  }
  return real;
}
