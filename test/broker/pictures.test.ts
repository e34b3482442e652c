import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { paddedLength } from '../../src/broker/codecs/padding.ts';
import { createCodec, decodeTensor, type EncodedTensor } from '../../src/broker/index.ts';
import { type Preprocessing, preprocess } from '../../src/data/index.ts';
import { CutlineError } from '../../src/errors.ts';
import { asFloat32, float32 } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';

const law = (channels: 1 | 3, layout: 'NCHW' | 'NHWC'): Preprocessing => ({
  layout,
  channels,
  height: 24,
  width: 20,
  mean: [0.485, 0.456, 0.406].slice(0, channels),
  std: [0.229, 0.224, 0.225].slice(0, channels),
});

/** A disc before a slope: smooth with an edge, as pictures are. */
function picture(p: Preprocessing) {
  const { channels, height, width } = p;
  const data = Uint8Array.from({ length: channels * height * width }, (_, i) => {
    const [y, x] = [Math.floor((i % (height * width)) / width), i % width];
    return Math.hypot(y - 12, x - 10) < 6 ? 200 : 40 + 4 * x + 30 * Math.floor(i / (height * width));
  });
  return preprocess({ data, count: 1, channels, height, width }, p);
}

const cases = ([1, 3] as const).flatMap((c) => (['NCHW', 'NHWC'] as const).map((l) => [c, l] as const));

describe.each(cases)('a picture of %d channels, %s', (channels, layout) => {
  const p = law(channels, layout);
  const tensor = picture(p);

  it('comes back bit for bit as PNG, where the card says what a pixel is', async () => {
    const read = await decodeTensor(await createCodec('png', p).encode('input', tensor));
    expect(read).toEqual(tensor);
  });

  it.each(['jpeg', 'webp'])('comes back alike as %s, in a length of few significant bits', async (name) => {
    const encoded = await createCodec(name, p).encode('input', tensor);
    expect(encoded.data.length).toBe(paddedLength(encoded.data.length));
    const [seen, truth] = [asFloat32(await decodeTensor(encoded)), asFloat32(tensor)];
    const error = Math.sqrt(seen.reduce((s, v, i) => s + (v - truth[i]!) ** 2, 0) / seen.length) * p.std[0]!;
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.1);
  });

  it('takes each channel from its least to its greatest value where nobody says what a pixel is', async () => {
    const [seen, truth] = [
      asFloat32(await decodeTensor(await createCodec('png').encode('input', tensor))),
      asFloat32(tensor),
    ];
    const span = Math.max(...truth) - Math.min(...truth);
    for (const [i, v] of seen.entries()) expect(Math.abs(v - truth[i]!)).toBeLessThanOrEqual(span / 255);
  });
});

describe('what is no picture', () => {
  it.each([[[1, 2, 8, 8]], [[2, 3, 8, 8]], [[1, 64]], [[1, 3, 0, 8]]])(
    'of shape %j is refused when it is written',
    async (shape) => {
      const tensor = float32(new Float32Array(shape.reduce((n, d) => n * d, 1)), shape);
      await expect(createCodec('jpeg').encode('x', tensor)).rejects.toMatchObject({ code: 'CODEC_RANGE' });
    },
  );

  it('with values that are none is refused when it is written', async () => {
    const tensor = float32(new Float32Array(64).fill(Number.NaN), [1, 1, 8, 8]);
    await expect(createCodec('jpeg').encode('x', tensor)).rejects.toMatchObject({ code: 'CODEC_RANGE' });
  });
});

describe('pictures from strangers', () => {
  const p = law(3, 'NCHW');
  const refused = (encoded: EncodedTensor) =>
    expect(decodeTensor(encoded)).rejects.toMatchObject({ code: 'TENSOR_INVALID' });
  const header = 6 + 16 * 3;
  const withFile = (encoded: EncodedTensor, file: Uint8Array): EncodedTensor => {
    const data = new Uint8Array(header + file.length);
    data.set(encoded.data.subarray(0, header));
    new DataView(data.buffer).setUint32(2, file.length, true);
    data.set(file, header);
    return { ...encoded, data };
  };

  it('of other extents, another format or more than one page are refused', async () => {
    const encoded = await createCodec('png', p).encode('x', picture(p));
    const blank = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: '#123456' } });
    await refused(withFile(encoded, await blank(4000, 4000).png().toBuffer()));
    await refused(withFile(encoded, await blank(24, 20).png().toBuffer()));
    await refused(withFile(encoded, await blank(20, 24).jpeg().toBuffer()));
    await refused(withFile(encoded, Buffer.from('<svg width="20" height="24"/>')));
    expect(asFloat32(await decodeTensor(withFile(encoded, await blank(20, 24).png().toBuffer())))).toHaveLength(1440);
    await refused({ ...encoded, shape: [1, 1, 24, 20] });
    await refused({ ...encoded, shape: [1, 3, 20, 24] });
    await refused({ ...encoded, data: encoded.data.subarray(0, 5) });
    await refused({ ...encoded, data: new Uint8Array(1 << 20) });
  });

  it('are read or refused by one error, whatever is changed in them', async () => {
    const random = createRandom(3);
    const all = await Promise.all(['png', 'jpeg', 'webp'].map((name) => createCodec(name, p).encode('x', picture(p))));
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.integer({ min: 1, max: 8 }), async (which, changes) => {
        const encoded = all[which]!;
        const data = encoded.data.slice();
        for (let i = 0; i < changes; i++) data[random.int(data.length)] = random.int(256);
        try {
          expect(asFloat32(await decodeTensor({ ...encoded, data }))).toHaveLength(1440);
        } catch (error) {
          expect(error).toBeInstanceOf(CutlineError);
          expect((error as CutlineError).code).toBe('TENSOR_INVALID');
        }
      }),
      { numRuns: 300 },
    );
  });
});
