import { describe, expect, it } from 'vitest';
import type { Picture, Unread } from '../../../src/device/source.ts';
import { atPace, changing, meanDifference, smallGrey } from '../../../src/device/sources/pace.ts';
import { noSourceCounts } from '../../../src/device/sources/source.ts';
import { CutlineError } from '../../../src/errors.ts';

const picture = (name: string, level: (x: number, y: number, c: number) => number, channels = 3): Picture => {
  const [height, width] = [40, 60];
  const data = new Uint8Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) data[(c * height + y) * width + x] = level(x, y, c);
  }
  return { name, label: undefined, pixels: { count: 1, channels, height, width, data } };
};
async function* of(...pictures: (Picture | Unread)[]) {
  yield* pictures;
}
const namesOf = async (source: AsyncIterable<Picture | Unread>) => {
  const names: string[] = [];
  for await (const { name } of source) names.push(name);
  return names;
};

describe('the change gate', () => {
  it('measures in levels of grey, by the luma used everywhere', () => {
    const grey = smallGrey(picture('a', (_x, _y, c) => [200, 100, 50][c]!).pixels);
    expect(grey).toHaveLength(256);
    expect(grey[17]).toBeCloseTo(0.299 * 200 + 0.587 * 100 + 0.114 * 50, 3);
    const half = smallGrey(picture('b', (x) => (x < 30 ? 80 : 0), 1).pixels);
    expect(meanDifference(half, smallGrey(picture('c', () => 0, 1).pixels))).toBeCloseTo(40, 5);
  });

  it('holds back what is like the last one passed, not the last one seen; noise is no change', async () => {
    let seed = 1;
    const noise = () => (seed = (seed * 16807) % 2147483647) % 9;
    const counts = noSourceCounts();
    const drift = [0, 2, 4, 6, 8].map((d) => picture(`drift${d}`, () => 100 + d + noise()));
    const broken: Unread = { name: 'broken', error: new CutlineError('NOT_AN_IMAGE') };
    const source = of(
      ...drift,
      broken,
      picture('dark', () => 10),
      picture('dark again', () => 11),
    );
    expect(await namesOf(changing(source, { threshold: 5 }, counts))).toEqual(['drift0', 'drift6', 'broken', 'dark']);
    expect(counts.unchanged).toBe(4);
  });

  it('lets one pass after a while even so', async () => {
    let ms = 0;
    const still = [0, 1, 2, 3, 4, 5].map((i) => picture(`${i}`, () => 50));
    const gated = changing(
      of(...still),
      { threshold: 5, atLeastEveryS: 2 },
      noSourceCounts(),
      () => (ms += 1000) - 1000,
    );
    expect(await namesOf(gated)).toEqual(['0', '2', '4']);
  });
});

describe('the pace', () => {
  it('keeps pictures apart and loses none; the stop does not wait for it', async () => {
    const five = [0, 1, 2, 3, 4].map((i) => picture(`${i}`, () => 0));
    const startMs = performance.now();
    expect(await namesOf(atPace(of(...five), 50, new AbortController().signal))).toHaveLength(5);
    expect(performance.now() - startMs).toBeGreaterThan(75);
    const slow = new AbortController();
    setTimeout(() => slow.abort(), 20);
    expect(await namesOf(atPace(of(...five), 0.01, slow.signal))).toEqual(['0']);
  });
});
