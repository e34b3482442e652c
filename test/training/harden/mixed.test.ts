import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { float32, type Tensor, toHalves } from '../../../src/model/index.ts';
import { ssim } from '../../../src/privacy/metrics/index.ts';
import { createRandom } from '../../../src/random.ts';
import type { Known } from '../../../src/training/harden/features.ts';
import { similarityOfMean } from '../../../src/training/harden/floor.ts';
import { mixedViews } from '../../../src/training/harden/mixed.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

/** Every number of a view tells which it is: view · 100 + picture. */
function view(number: number, count: number, wide = false): Known {
  const of = (size: number) =>
    Float32Array.from({ length: count * size }, (_, i) => number * 100 + Math.floor(i / size));
  const features: Tensor = wide
    ? float32(of(6), [count, 6])
    : { dtype: 'float16', shape: [count, 6], data: toHalves(of(6)) };
  return {
    count,
    entry: features,
    answers: { y: float32(of(3), [count, 3]) },
    pictures: { dtype: 'uint8', shape: [count, 1, 2, 2], data: Uint8Array.from(of(4)) },
    labels: undefined,
  };
}

describe('views of the same pictures', () => {
  it('are mixed a picture at a time, all that is known of it from one view', () => {
    const mixed = mixedViews([view(0, 50), view(1, 50)], createRandom(1));
    const views = new Set<number>();
    for (let i = 0; i < 50; i++) {
      const own = [...(mixed.answers.y!.data as Float32Array).subarray(i * 3, i * 3 + 3)];
      const chosen = Math.floor(own[0]! / 100);
      views.add(chosen);
      expect(own).toEqual(Array(3).fill(chosen * 100 + i));
      expect([...(mixed.pictures.data as Uint8Array).subarray(i * 4, i * 4 + 4)]).toEqual(
        Array(4).fill(chosen * 100 + i),
      );
      const half = toHalves(Float32Array.of(chosen * 100 + i))[0];
      expect([...(mixed.entry.data as Uint16Array).subarray(i * 6, i * 6 + 6)]).toEqual(Array(6).fill(half));
    }
    expect([...views].sort()).toEqual([0, 1]);
  });

  it('become wide together where one is too large for halves', () => {
    const { entry: features } = mixedViews([view(0, 20), view(1, 20, true)], createRandom(1));
    expect(features.dtype).toBe('float32');
    for (let i = 0; i < 20; i++) expect((features.data as Float32Array)[i * 6]! % 100).toBe(i);
  });
});

describe('what is seen without any code', () => {
  it('is what the audit scores the mean picture', async () => {
    const [n, size] = [30, 16 * 16];
    const random = createRandom(5);
    const data = Uint8Array.from({ length: n * size }, (_, i) => 100 + 80 * Math.sin((i % size) / 9) + random.int(60));
    const mean = Float32Array.from({ length: size }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += data[i * size + j]!;
      return sum / (255 * n);
    });
    const images = (pixels: Float32Array) => ({ count: n, channels: 1, height: 16, width: 16, data: pixels });
    const truth = images(Float32Array.from(data, (v) => v / 255));
    const guess = images(Float32Array.from({ length: n * size }, (_, i) => mean[i % size]!));
    const expected = ssim(truth, guess).reduce((a, v) => a + v, 0) / n;
    const found = await similarityOfMean(engine, { dtype: 'uint8', shape: [n, 1, 16, 16], data });
    expect(found).toBeCloseTo(expected, 4);
  });
});
