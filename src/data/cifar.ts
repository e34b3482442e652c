/** CIFAR-10, binary version: records of one label byte and 3072 pixel bytes. https://www.cs.toronto.edu/~kriz/cifar.html */
import { createHash, type Hash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CutlineError } from '../errors.ts';
import { readError } from '../files.ts';
import type { Dataset } from './dataset.ts';
import { readInflated } from './inflate.ts';
import { memorySplit } from './split.ts';

const size = { channels: 3, height: 32, width: 32 } as const;
const PIXEL_BYTES = 3 * 32 * 32;
const RECORD_BYTES = 1 + PIXEL_BYTES;
/** The whole set has five; each takes 31 MB of memory. */
const MAX_BATCHES = 16;

const classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'] as const;

/**
 * Opens every `data_batch_N.bin[.gz]` in `dir`, in order of N, as the training split, and `test_batch.bin[.gz]`.
 * @throws CutlineError FILE_NOT_FOUND, DATA_MALFORMED, DATA_EMPTY
 */
export async function openCifar10(name: string, dir: string): Promise<Dataset> {
  const files = await readdir(dir).catch((error: unknown) => {
    throw readError(dir, error);
  });
  const train = files
    .map((file) => ({ file, batch: /^data_batch_(\d{1,4})\.bin(\.gz)?$/.exec(file)?.[1] }))
    .filter((f) => f.batch !== undefined)
    .sort((a, b) => Number(a.batch) - Number(b.batch) || (a.file < b.file ? -1 : 1));
  const twin = train.find((f, i) => f.batch === train[i + 1]?.batch);
  if (twin) throw new CutlineError('DATA_MALFORMED', { path: join(dir, twin.file), problem: 'is there twice' });
  const test = ['test_batch.bin', 'test_batch.bin.gz'].find((file) => files.includes(file));
  if (train.length === 0) throw new CutlineError('FILE_NOT_FOUND', { path: join(dir, 'data_batch_1.bin[.gz]') });
  if (train.length > MAX_BATCHES) {
    throw new CutlineError('DATA_MALFORMED', { path: dir, problem: `more than ${MAX_BATCHES} training batches` });
  }
  if (test === undefined) throw new CutlineError('FILE_NOT_FOUND', { path: join(dir, 'test_batch.bin[.gz]') });

  const hash = createHash('sha256');
  return {
    name,
    ...size,
    classes,
    train: await readBatches(
      train.map((f) => join(dir, f.file)),
      hash,
    ),
    test: await readBatches([join(dir, test)], hash),
    sha256: hash.digest('hex'),
  };
}

async function readBatches(paths: readonly string[], hash: Hash) {
  const batches: Buffer[] = [];
  for (const path of paths) {
    const bytes = await readInflated(path);
    if (bytes.length === 0) throw new CutlineError('DATA_EMPTY', { path });
    if (bytes.length % RECORD_BYTES !== 0) {
      throw new CutlineError('DATA_MALFORMED', {
        path,
        problem: `${bytes.length} bytes are not a whole number of ${RECORD_BYTES}-byte CIFAR-10 records`,
      });
    }
    // The length keeps a record from moving between batches unnoticed.
    hash.update(`${bytes.length}\n`).update(bytes);
    batches.push(bytes);
  }
  const count = batches.reduce((sum, b) => sum + b.length / RECORD_BYTES, 0);
  const data = new Uint8Array(count * PIXEL_BYTES);
  const labels = new Int32Array(count);
  let at = 0;
  batches.forEach((batch, b) => {
    for (let start = 0; start < batch.length; start += RECORD_BYTES, at++) {
      const label = batch[start]!;
      if (label >= classes.length) {
        throw new CutlineError('DATA_MALFORMED', {
          path: paths[b]!,
          problem: `record ${start / RECORD_BYTES} has label ${label}; CIFAR-10 has 10 classes`,
        });
      }
      labels[at] = label;
      data.set(batch.subarray(start + 1, start + RECORD_BYTES), at * PIXEL_BYTES);
    }
  });
  return memorySplit(size, data, labels);
}
