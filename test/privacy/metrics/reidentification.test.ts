import { describe, expect, it } from 'vitest';
import { createGallery, type Images, joinRows, pictureRows, type Rows } from '../../../src/privacy/metrics/index.ts';
import { createRandom } from '../../../src/random.ts';
import { batch, mix, picture } from './pictures.ts';

const gallery = batch(Array.from({ length: 12 }, (_, k) => picture(1, 12, 12, k)));
const identify = (seen: Images, own: readonly number[], among: Images = gallery) =>
  createGallery(pictureRows(among)).identify(pictureRows(seen), own);
const everyone = Array.from({ length: 12 }, (_, k) => k);

describe('re-identification', () => {
  it('finds reconstructions that look a little like their truth', () => {
    const seen = batch([3, 7, 11].map((k) => mix(picture(1, 12, 12, k), picture(1, 12, 12, 0), 0.3)));
    expect(identify(seen, [3, 7, 11])).toMatchObject({ rank1: 1, high: 1, chance: 1 / 12, gallery: 12 });
    expect(identify(seen, [3, 7, 10]).rank1).toBeCloseTo(2 / 3, 12);
  });

  it('finds pale reconstructions, which squared error takes for the palest of the gallery', () => {
    const random = createRandom(1);
    const grey = { ...picture(1, 12, 12, 0), data: new Float32Array(144).fill(0.5) };
    const pale = batch(everyone.map((k) => mix(picture(1, 12, 12, k), grey, 0.95)));
    const noisy = { ...pale, data: pale.data.map((v) => v + 0.005 * random.normal()) };
    const data = Float32Array.from([...gallery.data, ...grey.data]);
    expect(identify(noisy, everyone, { ...gallery, count: 13, data }).rank1).toBe(1);
  });

  it('scores chance where there is nothing to see, whatever its shade', () => {
    for (const shade of [0, 0.3, 0.5, 1]) {
      const plain = { ...gallery, data: new Float32Array(12 * 144).fill(shade) };
      expect(identify(plain, everyone).rank1).toBeCloseTo(1 / 12, 12);
    }
  });

  it('scores one in the number of victims for one picture in place of all, and about chance for noise', () => {
    const mean = new Float32Array(144);
    for (let i = 0; i < gallery.data.length; i++) mean[i % 144]! += gallery.data[i]! / 12;
    const seen = batch(everyone.map(() => ({ ...picture(1, 12, 12, 0), data: mean })));
    expect(identify(seen, everyone).rank1).toBeCloseTo(1 / 12, 9);
    const random = createRandom(3);
    let hits = 0;
    for (let t = 0; t < 40; t++) {
      const noise = { ...gallery, data: random.fillUniform(new Float32Array(12 * 144)) };
      hits += identify(noise, everyone).rank1 / 40;
    }
    expect(Math.abs(hits - 1 / 12)).toBeLessThan(0.05);
  });

  it('shares a hit between twins', () => {
    const twins = batch([picture(1, 12, 12, 1), picture(1, 12, 12, 1), picture(1, 12, 12, 2)]);
    expect(identify(picture(1, 12, 12, 1), [0], twins).rank1).toBe(0.5);
  });

  it('wants every truth in the gallery, and vectors of the same kind', () => {
    expect(() => identify(picture(1, 12, 12, 1), [12])).toThrow(RangeError);
    expect(() => identify(picture(1, 12, 12, 1), [])).toThrow(RangeError);
    expect(() => identify(picture(1, 12, 11, 1), [1])).toThrow(/rows of 132 in a gallery of 144/);
    const bad = { ...picture(1, 12, 12, 1), data: new Float32Array(144).fill(Number.NaN) };
    expect(() => identify(bad, [1])).toThrow(/NaN/);
  });
});

describe('pictures as rows', () => {
  it('takes each channel without its mean', () => {
    const { count, length, data } = pictureRows({
      ...{ count: 1, channels: 2, height: 1, width: 2 },
      data: Float32Array.of(0.25, 0.75, 1, 1),
    });
    expect({ count, length, data: [...data] }).toEqual({ count: 1, length: 4, data: [-0.25, 0.25, 0, 0] });
  });

  it('takes means of the pixels of large pictures, edges included', () => {
    const ones = { count: 2, channels: 3, height: 131, width: 70, data: new Float32Array(2 * 3 * 131 * 70).fill(0.3) };
    const rows = pictureRows(ones);
    expect(rows.length).toBe(3 * 44 * 24);
    expect(rows.data.every((v) => v === 0)).toBe(true);
    const ramp = {
      count: 1,
      channels: 1,
      height: 2,
      width: 128,
      data: Float32Array.from({ length: 256 }, (_, i) => i),
    };
    const { data } = pictureRows(ramp);
    expect(data[1]! - data[0]!).toBeCloseTo((2 + 3 + 130 + 131) / 4 - (0 + 1 + 128 + 129) / 4, 6);
  });

  it('joins', () => {
    const rows = (count: number, ...data: number[]): Rows => ({ count, length: 2, data: Float32Array.from(data) });
    expect(joinRows([rows(1, 1, 2), rows(2, 3, 4, 5, 6)])).toEqual(rows(3, 1, 2, 3, 4, 5, 6));
    expect(() => joinRows([rows(1, 1, 2), { ...rows(1, 1, 2), length: 1, count: 2 }])).toThrow(RangeError);
  });

  it('compares 100 pictures of 3×224×224 with 1000 in seconds', () => {
    const random = createRandom(1);
    const pixels = (count: number): Images => ({
      ...{ count, channels: 3, height: 224, width: 224 },
      data: random.fillUniform(new Float32Array(count * 3 * 224 * 224)),
    });
    const some = pixels(20);
    const before = process.cpuUsage();
    const rows = pictureRows(some);
    const many = createGallery(joinRows(Array.from({ length: 50 }, () => rows)));
    many.identify(
      joinRows([rows, rows, rows, rows, rows]),
      Array.from({ length: 100 }, (_, i) => i),
    );
    const { user } = process.cpuUsage(before);
    // About a second and a half; processor time, because the machine may be shared.
    expect(user / 1e6).toBeLessThan(12);
  });
});
