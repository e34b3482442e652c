import { describe, expect, it } from 'vitest';
import { Permits } from '../../src/broker/index.ts';

describe('permits', () => {
  it('let as many work at once as there are, first come first served', async () => {
    const permits = new Permits(2);
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const all = ['a', 'b', 'c', 'd'].map((name) =>
      permits.use(() => {
        begun.push(name);
        return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
      }),
    );
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    await settled();
    expect(begun).toEqual(['a', 'b']);
    ends.get('b')!();
    await settled();
    expect(begun).toEqual(['a', 'b', 'c']);
    ends.get('a')!();
    await settled();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    ends.get('c')!();
    ends.get('d')!();
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each<[string, () => unknown]>([
    ['with a value', () => 1],
    ['with a promise', async () => 1],
    [
      'with a throw',
      () => {
        throw new Error('thrown');
      },
    ],
    ['with a rejection', async () => Promise.reject(new Error('rejected'))],
  ])('come back from work that ends %s, waited for or not', async (_how, work) => {
    const permits = new Permits(1);
    for (let i = 0; i < 3; i++) await permits.use(work).catch(() => {});
    const ends = await Promise.allSettled([1, 2, 3].map(() => permits.use(work)));
    expect(ends).toHaveLength(3);
    expect(await permits.use(() => 'free')).toBe('free');
  });
});
