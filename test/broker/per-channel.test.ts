import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCodec, decodeTensor } from '../../src/broker/index.ts';
import { asFloat32, float32 } from '../../src/model/index.ts';

const codec = createCodec('uint8-per-channel');

it('spends the levels of each channel on its own range', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.float({ min: Math.fround(1e-3), max: Math.fround(1e3), noNaN: true }), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.infiniteStream(fc.float({ min: -1, max: 1, noNaN: true })),
      async (rows, scales, stream) => {
        const area = 6;
        const values = Float32Array.from({ length: rows * scales.length * area }, (_, i) => {
          return stream.next().value! * scales[Math.floor(i / area) % scales.length]!;
        });
        const encoded = await codec.encode('x', float32(values, [rows, scales.length, 2, 3]));
        expect(encoded.data).toHaveLength(values.length + 5 * scales.length);
        const read = asFloat32(await decodeTensor(encoded));
        for (const [i, value] of values.entries()) {
          const span = 2 * scales[Math.floor(i / area) % scales.length]!;
          expect(Math.abs(read[i]! - value)).toBeLessThanOrEqual((span / 255 / 2) * (1 + 1e-5));
        }
      },
    ),
    { numRuns: 60 },
  );
});

it('refuses ranges that are none', async () => {
  const encoded = await codec.encode('x', float32([1, 2, 3, 4], [1, 2, 2]));
  const data = encoded.data.slice();
  new DataView(data.buffer).setFloat32(5, Number.NaN, true);
  await expect(decodeTensor({ ...encoded, data })).rejects.toMatchObject({ code: 'TENSOR_INVALID' });
});
