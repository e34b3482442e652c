/**
 * A folder of pictures as a data set. Where it is not divided into splits (see `pictureFiles`), the first and then every
 * fifth picture of each label, in order of name, is for testing.
 */
import { createHash } from 'node:crypto';
import { readBounded } from '../files.ts';
import { inLanes } from '../in-lanes.ts';
import type { Dataset, Pixels, Split } from './dataset.ts';
import { decodeImage, imageSize, MAX_IMAGE_BYTES } from './decode.ts';
import { type PictureFile, pictureFiles } from './picture-files.ts';
import { checkIndex, type ImageSize } from './split.ts';
import { checkMagic } from './understand.ts';

const TEST_EVERY = 5;
/**
 * Pixels that are kept from opening on. An audit reads them again for every cut; and a broken picture that turns up after
 * hours has cost them, since the folder without it is another data set.
 */
const KEPT_BYTES = 256 << 20;
/** A thousand large photos would hold up a short command for minutes; then the rest is decoded when asked for. */
const KEEPING_MS = 60_000;
/** libvips has its own threads, but a few pictures under way hide the reading of files. */
const underWay = [1, 2, 3, 4];
const NOTE_MS = 10_000;

export interface FolderOptions {
  /** The size pictures are brought to; the first picture's own when left out. */
  readonly size?: ImageSize | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told every ten seconds how far it is. */
  readonly note?: ((line: string) => void) | undefined;
  /** Default 256 MB of pixels: as many pictures, those for testing first, are decoded at once; the others when asked. */
  readonly keptBytes?: number;
  /** Default 60 s: no picture is decoded at once after so long. */
  readonly keepingMs?: number;
}

/**
 * Reads every file once, for the digest and to see whether it is a picture.
 * @throws CutlineError what `pictureFiles` and `decodeImage` throw, FILE_TOO_LARGE
 */
export async function openFolder(name: string, dir: string, options: FolderOptions = {}): Promise<Dataset> {
  const { signal, keptBytes = KEPT_BYTES, keepingMs = KEEPING_MS } = options;
  const all = await pictureFiles(dir);
  const { train, test } = divide(all);
  // Callers pass a whole preprocessing; only its size belongs in the data set.
  const { channels, height, width } = options.size ?? (await imageSize(test[0]!.path));
  const size: ImageSize = { channels, height, width };
  const keeping = Math.floor(keptBytes / (channels * height * width));
  const kept = new Map<PictureFile, Uint8Array>();
  const digests: string[] = [];
  const startMs = performance.now();
  let [done, notedMs] = [0, startMs];
  const look = async (picture: PictureFile, i: number) => {
    const bytes = await readBounded(picture.path, MAX_IMAGE_BYTES);
    checkMagic(bytes, picture.path);
    digests[i] = `${picture.name}\n${createHash('sha256').update(bytes).digest('hex')}\n`;
    const isKept = i < keeping && performance.now() - startMs < keepingMs;
    if (isKept) kept.set(picture, (await decodeImage(bytes, size, picture.path)).data);
    done++;
    if (performance.now() - notedMs < NOTE_MS) return;
    notedMs = performance.now();
    options.note?.(`${dir}: ${done} of ${all.length} pictures read`);
  };
  await inLanes([...test, ...train], underWay, look, signal);
  const labels = [...new Set(all.flatMap((p) => p.label ?? []))].sort();
  const classes = labels.length > 0 ? labels : undefined;
  return {
    name,
    // One line a file: its path in the folder and its own SHA-256, sorted by path.
    sha256: createHash('sha256').update(digests.sort().join('')).digest('hex'),
    ...size,
    classes,
    train: folderSplit(train, classes, size, kept),
    test: folderSplit(test, classes, size, kept),
  };
}

function divide(all: readonly PictureFile[]): { train: PictureFile[]; test: PictureFile[] } {
  const seen = new Map<string | undefined, number>();
  const parts = { train: [] as PictureFile[], test: [] as PictureFile[] };
  for (const picture of all) {
    const position = seen.get(picture.label) ?? 0;
    seen.set(picture.label, position + 1);
    parts[picture.split ?? (position % TEST_EVERY === 0 ? 'test' : 'train')].push(picture);
  }
  return parts;
}

function folderSplit(
  list: readonly PictureFile[],
  classes: readonly string[] | undefined,
  size: ImageSize,
  kept: ReadonlyMap<PictureFile, Uint8Array>,
): Split {
  const numbers = new Map(classes?.map((label, i) => [label, i]));
  const length = size.channels * size.height * size.width;
  return {
    count: list.length,
    labels: classes && Int32Array.from(list, (p) => numbers.get(p.label!)!),
    async pixels(indices, signal): Promise<Pixels> {
      for (const index of indices) checkIndex(index, list.length);
      const data = new Uint8Array(indices.length * length);
      const take = async (index: number, i: number) => {
        const picture = list[index]!;
        data.set(kept.get(picture) ?? (await decodeImage(picture.path, size)).data, i * length);
      };
      await inLanes(indices, underWay, take, signal);
      return { ...size, count: indices.length, data };
    },
  };
}
