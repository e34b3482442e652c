/** A source gives the agent pictures, one after the other, each when it is asked for. It does not know what becomes of them. */
import { decodeImage, type Pixels, type Preprocessing, pictureFiles } from '../data/index.ts';
import { CutlineError } from '../errors.ts';

export interface Picture {
  readonly name: string;
  /** The sub-folder it lay in, where that is one. */
  readonly label: string | undefined;
  readonly pixels: Pixels;
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
export async function imageSource(
  paths: readonly string[],
  size: Pick<Preprocessing, 'channels' | 'height' | 'width'>,
  strictChannels: boolean,
): Promise<Source> {
  const found = (await Promise.all(paths.map(pictureFiles))).flat();
  if (found.length === 0) throw new CutlineError('DATA_EMPTY', { path: 'images' });
  const { channels, height, width } = size;
  return (async function* () {
    for (const { path, name, label } of found) {
      try {
        const pixels = await decodeImage(path, { channels, height, width, strictChannels });
        yield { name, label, pixels };
      } catch (error) {
        if (!(error instanceof CutlineError)) throw error;
        yield { name, error };
      }
    }
  })();
}
