import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIdx } from '../../src/data/idx.ts';
import { openDataset, victims } from '../../src/data/index.ts';
import { CutlineError } from '../../src/errors.ts';
import { cifarRecords, idx, plain, tempDir, writeMnist, writeTree } from './fixtures.ts';

const nowhere = { cacheDir: '/nonexistent/cache', systemDir: '/nonexistent/system' };

/** The error that opening gives. */
const failure = (spec: string, options = {}) =>
  openDataset(spec, options).then(
    () => expect.unreachable('opened'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(CutlineError);
      return error as CutlineError;
    },
  );

describe('IDX files', () => {
  it.each([true, false])('are read, gzipped: %s', async (gzip) => {
    const dir = await writeMnist(await tempDir(), {}, gzip);
    const set = await openDataset(`mnist:${dir}`);
    expect(set).toMatchObject({ channels: 1, height: 2, width: 3, classes: ['0', '1', '2'] });
    expect([set.train.count, set.test.count]).toEqual([6, 3]);
    expect([...set.test.labels!]).toEqual([2, 1, 0]);
    const pixels = await set.test.pixels([2, 0]);
    expect([...pixels.data]).toEqual([112, 113, 114, 115, 116, 117, 100, 101, 102, 103, 104, 105]);
  });

  it('have a digest of their content, compressed or not', async () => {
    const [zipped, flat] = [await writeMnist(await tempDir()), await writeMnist(await tempDir(), {}, false)];
    const other = await writeMnist(await tempDir(), { 't10k-labels-idx1-ubyte': idx([3], [2, 1, 1]) });
    const digest = async (dir: string) => (await openDataset(`mnist:${dir}`)).sha256;
    expect(await digest(zipped)).toBe(await digest(flat));
    expect(await digest(zipped)).not.toBe(await digest(other));
  });

  it.each([
    ['of another type', { 'train-images-idx3-ubyte': idx([6, 2, 3], new Uint8Array(36), 9) }, /0x00000903/],
    ['of another rank', { 'train-images-idx3-ubyte': idx([36], new Uint8Array(36)) }, /not an IDX file/],
    ['cut short', { 't10k-images-idx3-ubyte': idx([3, 2, 3], new Uint8Array(17)) }, /t10k-images.*17 follow/],
    ['too long', { 't10k-images-idx3-ubyte': idx([3, 2, 3], new Uint8Array(19)) }, /19 follow/],
    ['without a header', { 'train-labels-idx1-ubyte': Buffer.from([0, 0]) }, /too few/],
    ['of huge sizes', { 'train-images-idx3-ubyte': idx([0xffffffff, 0xffffffff, 0xffffffff], []) }, /0 follow/],
    ['with labels missing', { 'train-labels-idx1-ubyte': idx([5], [0, 1, 2, 0, 1]) }, /5 labels for the 6/],
    ['of two sizes', { 't10k-images-idx3-ubyte': idx([3, 3, 2], new Uint8Array(18)) }, /2×3.*3×2/],
    ['without width', { 'train-images-idx3-ubyte': idx([6, 2, 0], []) }, /pictures of 2×0/],
  ])('%s are refused by name', async (_, change, message) => {
    const error = await failure(`mnist:${await writeMnist(await tempDir(), change)}`);
    expect(error.code).toBe('DATA_MALFORMED');
    expect(error.message).toMatch(message);
    expect(error.exit).toBe(2);
  });

  it('that hold nothing are refused', async () => {
    const empty = { 'train-images-idx3-ubyte': idx([0, 2, 3], []), 'train-labels-idx1-ubyte': idx([0], []) };
    expect((await failure(`mnist:${await writeMnist(await tempDir(), empty)}`)).code).toBe('DATA_EMPTY');
  });

  it('with a broken gzip stream are refused', async () => {
    const dir = await writeMnist(await tempDir());
    const whole = gzipSync(idx([6, 2, 3], new Uint8Array(36)));
    await writeFile(join(dir, 'train-images-idx3-ubyte.gz'), whole.subarray(0, whole.length - 12));
    expect((await failure(`mnist:${dir}`)).message).toMatch(/train-images-idx3-ubyte\.gz: broken gzip/);
  });

  it('that are not there are named', async () => {
    const error = await failure(`mnist:${await tempDir()}`);
    expect(error.code).toBe('FILE_NOT_FOUND');
    expect(error.message).toMatch(/train-images-idx3-ubyte\[\.gz\]/);
  });

  it.each<[string, (path: string) => unknown, string, RegExp]>([
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), 'FILE_UNREADABLE', /a FIFO, not a file/],
    ['a folder', (path) => mkdir(path), 'FILE_UNREADABLE', /a folder, not a file/],
    ['a link that leads nowhere', (path) => symlink('gone', path), 'LINK_BROKEN', /a link to gone/],
    ['empty', (path) => writeFile(path, ''), 'DATA_MALFORMED', /0 bytes are too few/],
    ['gzip of nothing', (path) => writeFile(path, gzipSync('')), 'DATA_MALFORMED', /0 bytes are too few/],
    ['no gzip at all', (path) => writeFile(path, 'no gzip'), 'DATA_MALFORMED', /t10k-labels/],
  ])('that are %s are refused by name', async (_, make, code, message) => {
    for (const [kind, file] of [
      ['mnist', 't10k-labels-idx1-ubyte.gz'],
      ['fashion-mnist', 't10k-labels-idx1-ubyte.gz'],
    ] as const) {
      const dir = await writeMnist(await tempDir());
      await rm(join(dir, file));
      await make(join(dir, file));
      const error = await failure(`${kind}:${dir}`);
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
      expect(error.message).toContain(file);
    }
  });

  it('of any bytes parse or give a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 3 }), (bytes, rank) => {
        try {
          const { sizes, data } = parseIdx(bytes, 'x', rank);
          expect(sizes.reduce((a, b) => a * b, 1)).toBe(data.length);
        } catch (error) {
          expect((error as CutlineError).code).toBe('DATA_MALFORMED');
        }
      }),
    );
  });
});

describe('Fashion-MNIST', () => {
  it('is found where Debian or `data fetch` puts it, with its class names', async () => {
    const dir = await tempDir();
    const ten = {
      'train-labels-idx1-ubyte': idx([6], [0, 1, 2, 3, 4, 9]),
    };
    await writeMnist(join(dir, 'fashion-mnist'), ten);
    for (const options of [
      { ...nowhere, systemDir: join(dir, 'fashion-mnist') },
      { ...nowhere, cacheDir: dir },
    ]) {
      const set = await openDataset('fashion-mnist', options);
      expect(set.classes?.[9]).toBe('Ankle boot');
    }
  });

  it('says how to get it when it is not there', async () => {
    const error = await failure('fashion-mnist', nowhere);
    expect(error.code).toBe('DATA_NOT_FOUND');
    expect(error.message).toMatch(/apt-get install dataset-fashion-mnist.*cutline data fetch fashion-mnist/);
  });

  it('has ten classes', async () => {
    const dir = await writeMnist(await tempDir(), { 'train-labels-idx1-ubyte': idx([6], [0, 1, 2, 3, 4, 10]) });
    expect((await failure('fashion-mnist', { ...nowhere, systemDir: dir })).message).toMatch(/label 10/);
  });
});

describe('CIFAR-10 batches', () => {
  it('are read in order of their number, gzipped or not', async () => {
    const dir = await writeTree({
      'data_batch_10.bin': cifarRecords([3]),
      'data_batch_2.bin.gz': gzipSync(cifarRecords([1, 2])),
      'test_batch.bin': cifarRecords([9, 8]),
      'readme.html': 'x',
    });
    const set = await openDataset(`cifar-10:${dir}`);
    expect(set).toMatchObject({ channels: 3, height: 32, width: 32 });
    expect([...set.train.labels!]).toEqual([1, 2, 3]);
    const pixels = await set.train.pixels([1]);
    expect(new Set(pixels.data)).toEqual(new Set([21]));
    expect(set.classes?.[9]).toBe('truck');
  });

  it.each([
    ['cut short', { 'data_batch_1.bin': cifarRecords([1]).subarray(1) }, 'DATA_MALFORMED', /3072 bytes/],
    ['with a label too high', { 'data_batch_1.bin': cifarRecords([1, 10]) }, 'DATA_MALFORMED', /record 1 has label 10/],
    ['empty', { 'data_batch_1.bin': '' }, 'DATA_EMPTY', /data_batch_1/],
    ['broken gzip', { 'test_batch.bin': gzipSync(cifarRecords([1])).subarray(0, 20) }, 'DATA_MALFORMED', /broken gzip/],
    ['twice', { 'data_batch_1.bin.gz': gzipSync(cifarRecords([1])) }, 'DATA_MALFORMED', /twice/],
  ])('%s are refused by name', async (_, change, code, message) => {
    const dir = await writeTree({
      'data_batch_1.bin': cifarRecords([1]),
      'test_batch.bin': cifarRecords([1]),
      ...change,
    });
    const error = await failure(`cifar-10:${dir}`);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('that are not there are named', async () => {
    const dir = await writeTree({ 'data_batch_1.bin': cifarRecords([1]) });
    expect((await failure(`cifar-10:${dir}`)).message).toMatch(/test_batch\.bin/);
    expect((await failure(`cifar-10:${dir}/missing`)).code).toBe('FILE_NOT_FOUND');
  });
});

describe('other sizes', () => {
  it('are made from IDX pictures by the rule for files', async () => {
    const dir = await writeMnist(await tempDir());
    const size = { channels: 3, height: 4, width: 6 } as const;
    const set = await openDataset(`mnist:${dir}`, { size });
    expect(set).toMatchObject(size);
    const pixels = await set.test.pixels([0]);
    expect(pixels).toMatchObject({ ...size, count: 1 });
    expect(pixels.data.subarray(0, 24)).toEqual(pixels.data.subarray(24, 48));
    expect(Math.min(...pixels.data)).toBe(100);
    expect(Math.max(...pixels.data)).toBe(105);
  });
});

describe('specs', () => {
  it('know a file from a folder, a link that leads nowhere, and the home folder after a colon', async () => {
    const dir = await writeTree({ 'a.txt': 'x' });
    await symlink('gone', join(dir, 'link'));
    for (const kind of ['', 'mnist:', 'cifar-10:']) {
      const told = await failure(`${kind}${join(dir, 'a.txt')}`);
      expect([told.code, told.message]).toEqual(['DATA_SPEC', expect.stringMatching(/a\.txt: a file, not a folder/)]);
      expect((await failure(`${kind}${join(dir, 'link')}`)).code).toBe('LINK_BROKEN');
    }
    expect((await failure('mnist:')).message).toMatch(/no folder is named/);
    expect((await failure('')).code).toBe('DATA_SPEC');
    expect((await failure('mnist:~/no such folder')).message).toContain(join(homedir(), 'no such folder'));
  });

  it('that are neither a folder nor a known set say what there is', async () => {
    const error = await failure('imagenet');
    expect(error.code).toBe('DATA_SPEC');
    expect(error.message).toMatch(/folder of images, fashion-mnist, mnist:DIR or cifar-10:DIR/);
  });
});

describe('pixels', () => {
  it('refuse indices that are not there, and stop when asked', async () => {
    const dir = await writeMnist(await tempDir());
    const { test } = await openDataset(`mnist:${dir}`);
    await expect(test.pixels([3])).rejects.toThrow(RangeError);
    await expect(test.pixels([-1])).rejects.toThrow(RangeError);
    await expect(test.pixels([0], AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('victims', () => {
  const split = (labels: number[] | undefined) => ({
    count: labels?.length ?? 4,
    labels: labels && Int32Array.from(labels),
    pixels: () => Promise.reject(new Error('not needed')),
  });

  it('are one of each label in turn, in file order', () => {
    expect(victims(split([2, 0, 1, 1, 0, 2, 0]), 3)).toEqual([1, 2, 0]);
    expect(victims(split([2, 0, 1, 1, 0, 2, 0]), 7)).toEqual([1, 2, 0, 4, 3, 5, 6]);
  });

  it('are in file order without labels', () => {
    expect(victims(split(undefined), 3)).toEqual([0, 1, 2]);
  });

  it('have to be there', () => {
    expect(() => victims(split([0, 1]), 3, 'my-photos')).toThrow(/my-photos: 3 pictures are needed.*has 2/);
  });
});

it('a folder of pictures opens too', async () => {
  const dir = await writeTree({ 'a.png': await plain(4, 4, '#fff') });
  expect((await openDataset(dir)).test.count).toBe(1);
});
