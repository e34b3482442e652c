/** What is made of answers alone: pictures are held as bytes, long answers as sketches. */
import { describe, expect, it } from 'vitest';
import { normalise, type Preprocessing, toPixels } from '../../../src/data/index.ts';
import { asFloat32, float32, type Tensors } from '../../../src/model/index.ts';
import { answer } from '../../../src/privacy/attacks/answer.ts';
import type { AnswerContext } from '../../../src/privacy/attacks/attack.ts';
import { AnswerTable, answerBytes, mostHeld } from '../../../src/privacy/attacks/own-answers.ts';
import { PictureBytes } from '../../../src/privacy/attacks/own-pictures.ts';
import { createRandom } from '../../../src/random.ts';

const plain = (change: Partial<Preprocessing> = {}): Preprocessing => ({
  channels: 3,
  height: 12,
  width: 12,
  layout: 'NCHW',
  mean: [0.4, 0.5, 0.3],
  std: [0.2, 0.3, 0.25],
  ...change,
});

const groups = 5;

/** Pictures of a few kinds, each its own brightness with noise about it, and answers that tell the kind: `length` numbers. */
function world(preprocessing: Preprocessing, length: number, scale = 1) {
  const { channels, height, width } = preprocessing;
  const pixels = channels * height * width;
  const kind = (i: number) => i % groups;
  const unitOf = (i: number) => {
    const random = createRandom(i);
    const shade = 20 + 45 * kind(i);
    return Float32Array.from({ length: pixels }, (_, p) => Math.round(shade + (p % 7) + 10 * random.uniform()) / 255);
  };
  const answerOf = (i: number) => {
    const random = createRandom(1000 + i);
    return Float32Array.from({ length }, (_, j) => scale * ((j % groups === kind(i) ? 1 : 0) + 0.1 * random.normal()));
  };
  const joined = (indices: ArrayLike<number>, of: (i: number) => Float32Array) =>
    Float32Array.from(Array.from(indices).flatMap((i) => [...of(i)]));
  return {
    unitOf,
    inputs: (indices: ArrayLike<number>) => normalise(joined(indices, unitOf), indices.length, preprocessing),
    answers: (indices: ArrayLike<number>): Tensors => ({
      out: float32(joined(indices, answerOf), [indices.length, length]),
    }),
  };
}

function contextOf(preprocessing: Preprocessing, length: number, memoryBytes = 2 ** 28, available = 400) {
  const { inputs, answers } = world(preprocessing, length);
  const asked: number[] = [];
  const read: number[] = [];
  const victims = [1000, 1001, 1002, 1003];
  const context = {
    preprocessing,
    count: victims.length,
    observed: answers(victims),
    memoryBytes,
    random: createRandom(1),
    available: () => available,
    pairs: async (count: number) => {
      asked.push(count);
      return {
        count,
        rows: async (indices: ArrayLike<number>) => {
          read.push(indices.length);
          return { inputs: inputs(indices), features: answers(indices) };
        },
      };
    },
  } as unknown as AnswerContext;
  return { context, asked, read, victims };
}

const mean = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;

describe('the attack on answers', () => {
  it.each([
    ['NCHW', 5],
    ['NHWC', 5],
    ['NCHW', 3 * mostHeld],
  ] as const)('gives each victim the mean of its kind (%s, answers of %i numbers)', async (layout, length) => {
    const preprocessing = plain({ layout });
    const { context, victims } = contextOf(preprocessing, length, 2 ** 28, 100);
    const found = await answer({ data: 'same-set' }).run(context);
    const pixels = toPixels(found.pictures, preprocessing);
    const { unitOf } = world(preprocessing, length);
    const size = pixels.length / victims.length;
    for (const [i, victim] of victims.entries()) {
      const made = pixels.subarray(i * size, (i + 1) * size);
      expect(Math.abs(mean(made) - mean(unitOf(victim)))).toBeLessThan(0.02);
    }
    expect(found).toMatchObject({ queries: 100, budgets: { queries: 100 }, exhausted: true });
  });

  it('asks about as many as fit, a byte a pixel, and reads no more at once than fit', async () => {
    const preprocessing = plain();
    const pixels = 3 * 12 * 12;
    const held = 100;
    const memoryBytes = 4 * held * (pixels + 4 * 5);
    const { context, asked, read } = contextOf(preprocessing, 5, memoryBytes);
    await answer({ data: 'same-set' }).run(context);
    expect(asked).toEqual([held]);
    expect(Math.max(...read) * 4 * (pixels + 5)).toBeLessThanOrEqual(memoryBytes / 8);
    expect(read.reduce((a, b) => a + b)).toBe(held);
  });

  it('counts long answers among what it holds, by what it holds of them', () => {
    const long: Tensors = { a: float32(new Float32Array(2 * 10 * mostHeld), [2, 10 * mostHeld]) };
    expect(answerBytes({ ...long, b: float32(new Float32Array(6), [2, 3]) })).toBe(4 * (mostHeld + 3));
  });
});

describe('pictures as bytes', () => {
  it('are those that came in, and their means, whatever the layout', () => {
    for (const layout of ['NCHW', 'NHWC'] as const) {
      const preprocessing = plain({ layout });
      const { inputs, unitOf } = world(preprocessing, 1);
      const table = new PictureBytes(6, preprocessing);
      table.put(0, inputs([0, 1, 2, 3]));
      table.put(4, inputs([4, 5]));
      for (let i = 0; i < 6; i++) expect(table.unit(i, 1)).toEqual(unitOf(i));
      const [one, three] = table.means([4, 0, 2], [1, 3]);
      for (const [p, v] of unitOf(4).entries()) {
        expect(one![p]).toBeCloseTo(v, 6);
        expect(three![p]).toBeCloseTo((v + unitOf(0)[p]! + unitOf(2)[p]!) / 3, 6);
      }
    }
  });
});

describe('answers side by side', () => {
  it('count each output alike, whatever its units, and one that never changes not at all', () => {
    const count = 40;
    const of = (seed: number, scale: number, width: number) =>
      float32(
        createRandom(seed)
          .fillNormal(new Float32Array(count * width))
          .map((v) => scale * v),
        [count, width],
      );
    const [small, large] = [of(1, 1e-3, 3), of(2, 1e4, 3)];
    const still = float32(new Float32Array(count * 2).fill(7), [count, 2]);
    const table = new AnswerTable(count, { small, large, still });
    table.put(0, { small, large, still });
    table.settle();
    const [a, b] = [asFloat32(small), asFloat32(large)];
    const distance = (i: number, j: number) => {
      let sum = 0;
      for (let c = 0; c < 3; c++)
        sum += ((a[3 * i + c]! - a[3 * j + c]!) / 1e-3) ** 2 + ((b[3 * i + c]! - b[3 * j + c]!) / 1e4) ** 2;
      return sum;
    };
    const byHand = Array.from({ length: count }, (_, j) => j).sort((x, y) => distance(0, x) - distance(0, y));
    expect(table.nearest(table.row(0), 3)[0]).toBe(0);
    // Spreads are measured, so that what is all but as near may change places.
    const near = table.nearest(table.row(0), 8);
    expect(byHand.slice(0, 12)).toEqual(expect.arrayContaining(near));
    expect(table.row(0).slice(6)).toEqual(new Float32Array(2));
  });

  it('keep the distances of long outputs within a few percent', () => {
    const length = 20_000;
    const count = 12;
    const data = createRandom(3).fillNormal(new Float32Array(count * length));
    const table = new AnswerTable(count, { out: float32(data, [count, length]) });
    table.put(0, { out: float32(data, [count, length]) });
    table.settle();
    for (let i = 1; i < count; i++) {
      const [x, y] = [table.row(0), table.row(i)];
      const sketched = x.reduce((sum, v, j) => sum + (v - y[j]!) ** 2, 0);
      let exact = 0;
      for (let j = 0; j < length; j++) exact += (data[j]! - data[i * length + j]!) ** 2 / length;
      expect(Math.abs(sketched / exact - 1)).toBeLessThan(0.1);
    }
  });
});
