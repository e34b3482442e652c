import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset, victims } from '../../src/data/index.ts';

const shared = process.env.CUTLINE_SHARED ?? join(import.meta.dirname, '../../../shared');

/** Skips loudly where the data is not. */
function need(path: string, skip: (reason: string) => void): void {
  if (existsSync(path)) return;
  console.warn(`SKIPPED: ${path} is not here`);
  skip(`${path} is not here`);
}

describe('real data', () => {
  it('Fashion-MNIST as Debian packages it', async ({ skip }) => {
    need('/usr/share/datasets/fashion-mnist', skip);
    const set = await openDataset('fashion-mnist');
    expect([set.train.count, set.test.count, set.height, set.classes?.length]).toEqual([60_000, 10_000, 28, 10]);
    expect(victims(set.test, 10).map((i) => set.test.labels?.[i])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    // The first test picture is an ankle boot.
    expect(set.test.labels?.[0]).toBe(9);
    const some = await set.train.pixels(Array.from({ length: 3000 }, (_, i) => i));
    let sum = 0;
    for (const byte of some.data) sum += byte;
    // 0.2860 over all 60 000 is what everybody normalises Fashion-MNIST with.
    expect(sum / (some.data.length * 255)).toBeCloseTo(0.286, 2);
  });

  it('MNIST', async ({ skip }) => {
    need(join(shared, 'data/mnist'), skip);
    const set = await openDataset(`mnist:${join(shared, 'data/mnist')}`);
    expect([set.train.count, set.test.count]).toEqual([60_000, 10_000]);
  });

  it('CIFAR-10, two of five batches', async ({ skip }) => {
    need(join(shared, 'data/cifar-10'), skip);
    const set = await openDataset(`cifar-10:${join(shared, 'data/cifar-10')}`);
    expect([set.train.count, set.test.count]).toEqual([20_000, 10_000]);
  });

  it('photographs, brought to one size', async ({ skip }) => {
    need(join(shared, 'data/photos'), skip);
    const size = { channels: 3, height: 64, width: 96 } as const;
    const set = await openDataset(join(shared, 'data/photos'), { size });
    expect([set.train.count, set.test.count, set.classes]).toEqual([480, 120, undefined]);
    const pixels = await set.test.pixels([0, 119]);
    expect(pixels.data).toHaveLength(2 * 3 * 64 * 96);
    expect(new Set(pixels.data).size).toBeGreaterThan(100);
  });
});
