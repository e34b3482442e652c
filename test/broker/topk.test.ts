import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec, decodeTensor, writtenBits } from '../../src/broker/index.ts';
import { asFloat32, float32 } from '../../src/model/index.ts';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-6e4), max: Math.fround(6e4) });
const rows = fc
  .integer({ min: 1, max: 60 })
  .chain((length) =>
    fc.array(fc.array(finite, { minLength: length, maxLength: length }), { minLength: 1, maxLength: 4 }),
  );

describe.each(['topk', 'topk+deflate'])('codec %s', (name) => {
  it('sends the eighth of each row that is farthest from zero, and is as long whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (list) => {
        const [count, length] = [list.length, list[0]!.length];
        const encoded = await createCodec(name).encode('x', float32(list.flat(), [count, length]));
        const read = asFloat32(await decodeTensor(encoded));
        const kept = Math.ceil(length / 8);
        expect(writtenBits(encoded)).toBe(8 * count * (Math.ceil(length / 8) + 2 * kept));
        if (name === 'topk') expect(encoded.data).toHaveLength(writtenBits(encoded) / 8);
        for (const [r, row] of list.entries()) {
          const seen = [...read.subarray(r * length, (r + 1) * length)];
          const least = row.map(Math.abs).sort((a, b) => b - a)[kept - 1]!;
          for (const [i, value] of row.entries()) {
            const error = Math.abs(seen[i]! - value);
            if (Math.abs(value) > least) expect(error).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11 + 2 ** -25);
            else if (Math.abs(value) < least) expect(seen[i]).toBe(0);
          }
        }
      }),
      { numRuns: 80 },
    );
  });

  it('refuses what no half holds', async () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e6])
      await expect(createCodec(name).encode('x', float32([1, value], [2]))).rejects.toMatchObject({
        code: 'CODEC_RANGE',
      });
  });
});

describe('places from strangers', () => {
  it('are counted, lie inside the row, and cost nothing where a row has no elements', async () => {
    const encoded = await createCodec('topk').encode('x', float32([0, 5, 0, 0, 0, 0, 0, 0, 0], [1, 9]));
    const refused = async (change: object) =>
      expect(decodeTensor({ ...encoded, ...change })).rejects.toMatchObject({ code: 'TENSOR_INVALID' });
    const places = (first: number, second: number) => {
      const data = encoded.data.slice();
      [data[0], data[1]] = [first, second];
      return { data };
    };
    await refused(places(0b1111, 0));
    await refused(places(0, 0));
    await refused(places(1, 0b10));
    await refused({ zeroPoint: 0 });
    await refused({ zeroPoint: 10 });
    await refused({ zeroPoint: -1 });
    const empty = { ...encoded, zeroPoint: 0, shape: [2 ** 31, 0], data: new Uint8Array(0) };
    const startMs = performance.now();
    expect(asFloat32(await decodeTensor(empty))).toHaveLength(0);
    expect(performance.now() - startMs).toBeLessThan(500);
  });
});
