import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { padded, paddedLength } from '../../src/broker/codecs/padding.ts';
import { createCodec, decodeTensor, lengthBits } from '../../src/broker/index.ts';
import { float32 } from '../../src/model/index.ts';

describe('lengths that depend on the picture', () => {
  it('are filled up by an eighth at most, to few lengths, the longer the fewer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e7 }), (bytes) => {
        const length = paddedLength(bytes);
        expect(length).toBeGreaterThanOrEqual(bytes);
        expect(length).toBeLessThanOrEqual(bytes * 1.125 + 1);
        expect(paddedLength(length)).toBe(length);
        expect(padded(new Uint8Array(bytes % 5000))).toHaveLength(paddedLength(bytes % 5000));
      }),
    );
  });

  it('tell no more bits than there are lengths', () => {
    for (const most of [1, 10, 1000, 50_000]) {
      const seen = new Set(Array.from({ length: most }, (_, i) => paddedLength(i + 1)));
      expect(lengthBits(most)).toBeCloseTo(Math.log2(seen.size), 9);
    }
  });

  it('are read with their zeros and without, and with nothing else behind the end', async () => {
    const values = Float32Array.from({ length: 300 }, (_, i) => i % 7);
    const encoded = await createCodec('float32+deflate').encode('x', float32(values, [300]));
    expect(encoded.data.length).toBe(paddedLength(encoded.data.length));
    const bare = deflateRawSync(Buffer.from(values.buffer), { level: 4 });
    expect(encoded.data.length).toBe(paddedLength(bare.length));
    expect((await decodeTensor({ ...encoded, data: bare })).data).toEqual(values);
    const refused = (data: Uint8Array) =>
      expect(decodeTensor({ ...encoded, data })).rejects.toMatchObject({ code: 'TENSOR_INVALID' });
    await refused(Buffer.concat([bare, Buffer.alloc(10_000)]));
    await refused(Buffer.concat([bare, Buffer.from([1])]));
  });
});
