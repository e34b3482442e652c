/** MNIST and what shares its files: four IDX files, gzipped or not. */
import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { CutlineError } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { parseIdx } from './idx.ts';
import { readInflated } from './inflate.ts';
import { memorySplit } from './split.ts';

const MAX_SIDE = 4096;

/**
 * Opens `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and their `t10k-` twins (with `.gz` or a dot instead of
 * the second dash) in `dir`.
 * @param classes names of the labels; their numbers when left out
 * @throws CutlineError FILE_NOT_FOUND, DATA_MALFORMED, DATA_EMPTY
 */
export async function openMnist(name: string, dir: string, classes?: readonly string[]): Promise<Dataset> {
  const hash = createHash('sha256');
  const train = await readPair(dir, 'train', hash);
  const test = await readPair(dir, 't10k', hash);
  if (train.height !== test.height || train.width !== test.width) {
    throw new CutlineError('DATA_MALFORMED', {
      path: dir,
      problem: `training pictures are ${train.height}×${train.width}, test pictures ${test.height}×${test.width}`,
    });
  }
  const size = { channels: 1, height: train.height, width: train.width } as const;
  const known = classes?.length ?? 0;
  const labelCount = Math.max(known, highest(train.labels), highest(test.labels));
  if (classes && labelCount > known) {
    throw new CutlineError('DATA_MALFORMED', {
      path: dir,
      problem: `has label ${labelCount - 1}; ${name} has ${known} classes`,
    });
  }
  return {
    name,
    sha256: hash.digest('hex'),
    ...size,
    classes: classes ?? Array.from({ length: labelCount }, (_, i) => String(i)),
    train: memorySplit(size, train.data, train.labels),
    test: memorySplit(size, test.data, test.labels),
  };
}

async function readPair(dir: string, prefix: string, hash: ReturnType<typeof createHash>) {
  const imagesPath = await find(dir, `${prefix}-images`, 'idx3-ubyte');
  const labelsPath = await find(dir, `${prefix}-labels`, 'idx1-ubyte');
  const [imageBytes, labelBytes] = await Promise.all([readInflated(imagesPath), readInflated(labelsPath)]);
  // Sizes are part of both headers, so hashing one file after the other is unambiguous.
  hash.update(imageBytes).update(labelBytes);
  const images = parseIdx(imageBytes, imagesPath, 3);
  const labels = parseIdx(labelBytes, labelsPath, 1);
  const [count, height, width] = images.sizes as [number, number, number];
  if (count === 0) throw new CutlineError('DATA_EMPTY', { path: imagesPath });
  if (!(height >= 1 && height <= MAX_SIDE && width >= 1 && width <= MAX_SIDE)) {
    throw new CutlineError('DATA_MALFORMED', { path: imagesPath, problem: `pictures of ${height}×${width}` });
  }
  if (labels.sizes[0] !== count) {
    throw new CutlineError('DATA_MALFORMED', {
      path: labelsPath,
      problem: `${labels.sizes[0]} labels for the ${count} pictures in ${imagesPath}`,
    });
  }
  return { height, width, data: images.data, labels: Int32Array.from(labels.data) };
}

async function find(dir: string, stem: string, suffix: string): Promise<string> {
  const names = [`${stem}-${suffix}`, `${stem}-${suffix}.gz`, `${stem}.${suffix}`, `${stem}.${suffix}.gz`];
  for (const name of names) {
    const path = join(dir, name);
    // A link that leads nowhere is there, and is named when it is read.
    const isThere = await lstat(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new CutlineError('FILE_NOT_FOUND', { path: join(dir, `${stem}-${suffix}[.gz]`) });
}

const highest = (labels: Int32Array) => labels.reduce((top, label) => Math.max(top, label + 1), 0);
