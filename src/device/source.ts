/** A source gives the agent pictures, one after the other, each when it is asked for. It does not know what becomes of them. */
import { pictureFiles } from '../data/index.ts';
import { CutlineError } from '../errors.ts';
import type { Tensor } from '../model/tensor.ts';
import type { PictureReader } from './pictures.ts';

export interface Picture {
  readonly name: string;
  /** The sub-folder it lay in, where that is one. */
  readonly label: string | undefined;
  /** The network's input. */
  readonly input: Tensor;
}

/** A picture that cannot be read costs itself, not those after it. */
export interface Unread {
  readonly name: string;
  readonly error: CutlineError;
}

export type Source = AsyncIterable<Picture | Unread>;

/**
 * Image files, and folders of them as an audit sees them; sub-folders are labels. All are looked up at once, so that a
 * wrong path is known before anything is sent; each is opened and decoded when its turn comes.
 * @throws CutlineError what `pictureFiles` throws, DATA_EMPTY without any path
 */
export async function imageSource(paths: readonly string[], { read }: Pick<PictureReader, 'read'>): Promise<Source> {
  const found = (await Promise.all(paths.map(pictureFiles))).flat();
  if (found.length === 0) throw new CutlineError('DATA_EMPTY', { path: 'images' });
  return (async function* () {
    for (const { path, name, label } of found) {
      try {
        yield { name, label, input: await read(path) };
      } catch (error) {
        if (!(error instanceof CutlineError)) throw error;
        yield { name, error };
      }
    }
  })();
}
