/** From what the user wrote after `--data` to a data set. */
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CutlineError } from '../errors.ts';
import { kindOf, statOf } from '../files.ts';
import { openCifar10 } from './cifar.ts';
import type { Dataset, Split } from './dataset.ts';
import { resizePixels } from './decode.ts';
import { openFolder } from './folder.ts';
import { openMnist } from './mnist.ts';
import type { ImageSize } from './split.ts';

export interface OpenOptions {
  /** Pictures are brought to this size and these channels: what the model card asks for. Their own when left out. */
  readonly size?: ImageSize | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told every ten seconds how far the reading of a folder is. */
  readonly note?: ((line: string) => void) | undefined;
  /** Where `cutline data fetch` puts things. Default: `$XDG_CACHE_HOME/cutline/data` or `~/.cache/cutline/data`. */
  readonly cacheDir?: string | undefined;
  /** Where Debian's package dataset-fashion-mnist puts its files. */
  readonly systemDir?: string | undefined;
}

const FASHION_CLASSES = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
] as const;

export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cutline', 'data');
}

/**
 * Opens `fashion-mnist`, `mnist[:DIR]`, `cifar-10[:DIR]` or a folder of pictures. IDX and CIFAR files are read whole;
 * folders are decoded picture by picture, and kept as far as memory is given for it.
 * @throws CutlineError DATA_SPEC, DATA_NOT_FOUND, DATA_MALFORMED, DATA_EMPTY, NOT_AN_IMAGE, IMAGE_*, FILE_*, LINK_BROKEN
 */
export async function openDataset(spec: string, options: OpenOptions = {}): Promise<Dataset> {
  const [, kind, dir] = /^(fashion-mnist|mnist|cifar-10)(?::(.*))?$/s.exec(spec) ?? [];
  const folder = async (otherwise: () => Promise<string>) => {
    if (dir === undefined) return otherwise();
    // A shell leaves the tilde after a colon as it is.
    return requireFolder(spec, dir.replace(/^~(?=\/|$)/, homedir()));
  };
  switch (kind) {
    case 'fashion-mnist': {
      const found = await folder(() => findFashionMnist(options));
      return conform(await openMnist(spec, found, FASHION_CLASSES), options.size);
    }
    case 'mnist':
      return conform(await openMnist(spec, await folder(() => cached('mnist', options))), options.size);
    case 'cifar-10':
      return conform(await openCifar10(spec, await folder(() => cached('cifar-10', options))), options.size);
    default:
      return openFolder(spec, await requireFolder(spec, spec), options);
  }
}

async function requireFolder(spec: string, path: string): Promise<string> {
  if (path === '') throw new CutlineError('DATA_SPEC', { spec, problem: 'no folder is named' });
  const found = await statOf(path).catch((error: unknown) => {
    const isGuess = path === spec && error instanceof CutlineError && error.code === 'FILE_NOT_FOUND';
    throw isGuess ? new CutlineError('DATA_SPEC', { spec, problem: 'no such folder or data set' }) : error;
  });
  if (!found.isDirectory()) throw new CutlineError('DATA_SPEC', { spec, problem: `${kindOf(found)}, not a folder` });
  return path;
}

async function findFashionMnist(options: OpenOptions): Promise<string> {
  const system = options.systemDir ?? '/usr/share/datasets/fashion-mnist';
  if (await exists(system)) return system;
  return cached('fashion-mnist', options, 'Run: apt-get install dataset-fashion-mnist, or: ');
}

async function cached(name: string, options: OpenOptions, otherAdvice = 'Give its folder, or run: '): Promise<string> {
  const dir = join(options.cacheDir ?? defaultCacheDir(), name);
  if (await exists(dir)) return dir;
  throw new CutlineError('DATA_NOT_FOUND', { name, advice: `${otherAdvice}cutline data fetch ${name}` });
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** The data set with its pictures brought to another size; itself where the size is right already. */
function conform(dataset: Dataset, size: ImageSize | undefined): Dataset {
  if (!size || (size.channels === dataset.channels && size.height === dataset.height && size.width === dataset.width)) {
    return dataset;
  }
  const { channels, height, width } = size;
  const resized = (split: Split): Split => ({
    ...split,
    pixels: async (indices, signal) => resizePixels(await split.pixels(indices, signal), size),
  });
  return { ...dataset, channels, height, width, train: resized(dataset.train), test: resized(dataset.test) };
}
