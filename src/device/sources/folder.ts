/** Image files, and folders of them as an audit sees them; sub-folders are labels. Once, in order. */
import { MAX_IMAGE_BYTES, pictureFiles } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import { readBounded } from '../../files.ts';
import type { Picture, Unread } from '../source.ts';
import { pictureOf, sha256Of } from './picture.ts';
import { noSourceCounts, type OpenedSource, type SourceContext } from './source.ts';

/**
 * All are looked up at once, so that a wrong path is known before anything is sent; each is opened and decoded when its
 * turn comes. What `context.done` has answered is passed over.
 * @throws CutlineError what `pictureFiles` throws, DATA_EMPTY without any path
 */
export async function folderSource(paths: readonly string[], context: SourceContext): Promise<OpenedSource> {
  const found = (await Promise.all(paths.map(pictureFiles))).flat();
  if (found.length === 0) throw new CutlineError('DATA_EMPTY', { path: 'images' });
  const counts = noSourceCounts();
  const { done, stop } = context;
  const left = new Map<string, number>();
  if (done) for (const { name } of found) left.set(name, (left.get(name) ?? 0) + 1);
  const isToCome = (name: string) => (left.get(name) ?? 0) > 0;
  async function* pictures(): AsyncGenerator<Picture | Unread> {
    for (const [index, { path, name, label }] of found.entries()) {
      if (stop.aborted) return;
      left.set(name, (left.get(name) ?? 1) - 1);
      try {
        const bytes = await readBounded(path, MAX_IMAGE_BYTES);
        const sha256 = sha256Of(bytes);
        if (done?.take({ image: name, sha256 }, isToCome)) counts.resumed++;
        else yield await pictureOf({ name, bytes, label, index, sha256, path }, context);
      } catch (error) {
        if (!(error instanceof CutlineError)) throw error;
        yield { name, index, error };
      }
    }
  }
  return { pictures: pictures(), isFinite: true, counts, close: async () => {} };
}
