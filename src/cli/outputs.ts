/** What a command is going to write, looked at before the work. */
import { realpath, stat } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { CutlineError } from '../errors.ts';
import { checkFolder, checkWritable, placeOf } from '../files.ts';

export interface Outputs {
  /** By what names them, an option for instance; undefined where it was not given. */
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly folders?: Readonly<Record<string, string | false | undefined>>;
  /** Files that the command reads. */
  readonly inputs?: readonly string[];
  /** What follows `--data`. */
  readonly data?: string | undefined;
}

/**
 * @throws CutlineError OUTPUT_NOT_WRITABLE; USAGE for two outputs in one file, for one in the place of what is read, and
 * for one among the pictures, where the next audit would take it for one of them
 */
export async function checkOutputs({ files = {}, folders = {}, inputs = [], data }: Outputs): Promise<void> {
  const pictures = data === undefined ? undefined : await folderOf(data);
  const taken = new Map<string, string>();
  for (const input of inputs) taken.set(await realPath(input), input);
  for (const [name, path] of Object.entries(files)) {
    if (path === undefined) continue;
    await checkWritable(path);
    const place = await placeOf(path);
    if (place.kind !== 'file') continue;
    const real = await realPath(place.path);
    refuseInside(name, real, pictures, data);
    const other = taken.get(real);
    if (other !== undefined) {
      throw new CutlineError('USAGE', { problem: `${name} ${path} is the same file as ${other}. Choose another.` });
    }
    taken.set(real, name);
  }
  for (const [name, path] of Object.entries(folders)) {
    if (typeof path !== 'string') continue;
    await checkFolder(path);
    refuseInside(name, await realPath(path), pictures, data);
  }
}

/** Undefined where it is no folder of pictures. */
function folderOf(data: string): Promise<string | undefined> {
  return stat(data).then(
    (s) => (s.isDirectory() ? realpath(data) : undefined),
    () => undefined,
  );
}

function refuseInside(name: string, real: string, pictures: string | undefined, data: string | undefined): void {
  if (pictures === undefined) return;
  const within = relative(pictures, real).split(sep);
  // What begins with a dot is passed over there; two dots lead out.
  if (within.some((part) => part.startsWith('.'))) return;
  throw new CutlineError('USAGE', {
    problem: `${name} is inside --data ${data}, where the next audit would take it for a picture. Choose another place.`,
  });
}

/** Of a path whose end need not be there. */
async function realPath(path: string): Promise<string> {
  const whole = resolve(path);
  const above = dirname(whole);
  return realpath(whole).catch(async () =>
    above === whole ? whole : resolve(await realPath(above), relative(above, whole)),
  );
}
