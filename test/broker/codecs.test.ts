import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTensor } from '../../src/broker/codecs/codec.ts';
import { createCodec, type EncodedTensor } from '../../src/broker/index.ts';
import { carriesCodes, carriesPictures } from '../../src/codecs.ts';
import { CutlineError, type ErrorCode } from '../../src/errors.ts';
import { asFloat32, float32, int64, type Tensor } from '../../src/model/index.ts';
import { codecs } from '../../src/plan/index.ts';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-6e4), max: Math.fround(6e4) });

/** Half of the distance between neighbouring values, for values up to `largest`. */
const tolerance = (name: string, largest: number, span: number) => {
  if (name.startsWith('float32')) return 0;
  if (name.startsWith('float16')) return largest * 2 ** -11 + 2 ** -25;
  const steps = name.startsWith('uint4') ? 15 : 255;
  return (span / steps / 2) * (1 + 1e-5) + 1e-37;
};

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof CutlineError) return error.code;
    throw error;
  }
}

/** Codes, pictures and what leaves elements out have tests of their own (code.test.ts, pictures.test.ts, topk.test.ts). */
const elementwise = codecs.filter((c) => !carriesCodes(c) && !carriesPictures(c) && !c.startsWith('topk'));

describe.each(elementwise)('codec %s', (name) => {
  const codec = createCodec(name);

  it('gives back every tensor within its precision, name, type and shape unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(finite, { maxLength: 300 }), async (list) => {
        const tensor = float32(list, [1, list.length]);
        const encoded = await codec.encode('relu2', tensor);
        expect(encoded).toMatchObject({ name: 'relu2', dtype: 'float32', shape: [1, list.length], codec: name });
        const decoded = asFloat32(await decodeTensor(encoded));
        const largest = Math.max(0, ...list.map(Math.abs));
        const span = Math.max(0, ...list) - Math.min(0, ...list);
        for (const [i, value] of list.entries()) {
          expect(Math.abs(decoded[i]! - value)).toBeLessThanOrEqual(tolerance(name, largest, span));
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([0, 1, -1, 3.25, -1e-20, 5e4])('keeps a constant tensor of %d', async (value) => {
    const decoded = asFloat32(await decodeTensor(await codec.encode('x', float32([value, value, value], [3]))));
    for (const d of decoded)
      expect(Math.abs(d - value)).toBeLessThanOrEqual(tolerance(name, Math.abs(value), 0) + Math.abs(value) * 1e-6);
  });

  it('keeps the zeros of a ReLU exactly zero', async () => {
    const decoded = asFloat32(await decodeTensor(await codec.encode('x', float32([0, 0.7, 0, 3.1, -0.4], [5]))));
    expect([decoded[0], decoded[2]]).toEqual([0, 0]);
  });

  it('carries an empty tensor and a scalar', async () => {
    expect(asFloat32(await decodeTensor(await codec.encode('x', float32([], [0, 3]))))).toHaveLength(0);
    expect(asFloat32(await decodeTensor(await codec.encode('x', float32([2], []))))).toEqual(Float32Array.of(2));
  });

  it('reads its own bytes from any offset and does not keep them alive', async () => {
    const encoded = await codec.encode('x', float32([1, 2, 3], [3]));
    const shifted = new Uint8Array(encoded.data.length + 3).fill(255);
    shifted.set(encoded.data, 3);
    const decoded = asFloat32(await decodeTensor({ ...encoded, data: shifted.subarray(3) }));
    shifted.fill(0);
    expect(Math.abs(decoded[2]! - 3)).toBeLessThan(0.01);
  });

  it('sends indices and masks as they are', async () => {
    const mask: Tensor = { dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) };
    for (const tensor of [int64([-1, 2 ** 40]), mask]) {
      const encoded = await codec.encode('i', tensor);
      expect(encoded.codec).toBe(name.endsWith('+deflate') ? 'raw+deflate' : 'raw');
      expect(await decodeTensor(encoded)).toEqual(tensor);
    }
  });

  it('carries NaN and infinity or refuses them with a code', async () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const tensor = float32([1, value], [2]);
      if (name.startsWith('uint')) expect(await codeOf(codec.encode('x', tensor))).toBe('CODEC_RANGE');
      else expect(asFloat32(await decodeTensor(await codec.encode('x', tensor)))[1]).toBe(value);
    }
  });

  it('refuses data of the wrong length', async () => {
    const encoded = await codec.encode('x', float32([1, 2, 3, 4], [4]));
    for (const shape of [[3], [5], [2 ** 20]]) {
      expect(await codeOf(decodeTensor({ ...encoded, shape }))).toBe('TENSOR_INVALID');
    }
    expect(await codeOf(decodeTensor({ ...encoded, data: encoded.data.subarray(1) }))).toBe('TENSOR_INVALID');
  });
});

describe('float16', () => {
  const codec = createCodec('float16');

  it('round-trips all 65536 halves', async () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const half: EncodedTensor = {
      name: 'x',
      dtype: 'float32',
      shape: [65536],
      codec: 'float16',
      scale: 0,
      zeroPoint: 0,
      data: new Uint8Array(bits.buffer),
    };
    const floats = await decodeTensor(half);
    const again = new Uint16Array((await codec.encode('x', floats)).data.slice().buffer);
    const isNaNHalf = (h: number) => (h & 0x7c00) === 0x7c00 && (h & 0x3ff) !== 0;
    for (let h = 0; h < 65536; h++) {
      if (isNaNHalf(h)) expect(isNaNHalf(again[h]!)).toBe(true);
      else if (again[h] !== h) expect.fail(`half ${h.toString(16)} came back as ${again[h]!.toString(16)}`);
    }
  });

  it('rounds to the nearest half, ties to even, around every half', async () => {
    // Neighbours h and h+1: a quarter of the gap rounds down, the middle to the even one, three quarters up.
    const value = (h: number) => {
      const e = h >>> 10;
      return e === 0 ? h * 2 ** -24 : (1024 + (h & 1023)) * 2 ** (e - 25);
    };
    const inputs: number[] = [];
    const expected: number[] = [];
    for (let h = 0; h < 0x7bff; h++) {
      const [low, high] = [value(h), value(h + 1)];
      inputs.push(low + (high - low) / 4, (low + high) / 2, low + ((high - low) * 3) / 4);
      expected.push(h, h % 2 === 0 ? h : h + 1, h + 1);
    }
    const halves = new Uint16Array((await codec.encode('x', float32(inputs, [inputs.length]))).data.slice().buffer);
    expect(Buffer.compare(Buffer.from(halves.buffer), Buffer.from(Uint16Array.from(expected).buffer))).toBe(0);
  });

  it('refuses values that would become infinite', async () => {
    expect(await codeOf(codec.encode('x', float32([65519], [1])))).toBeUndefined();
    for (const value of [65520, -65520, 1e38]) {
      expect(await codeOf(codec.encode('x', float32([value], [1])))).toBe('CODEC_RANGE');
    }
  });
});

describe('decoding what strangers wrote', () => {
  const bomb: EncodedTensor = {
    name: 'x',
    dtype: 'float32',
    shape: [4],
    codec: 'float32+deflate',
    scale: 0,
    zeroPoint: 0,
    data: deflateRawSync(Buffer.alloc(64 << 20)),
  };

  it('stops a deflate bomb at the size its shape promises', async () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(await codeOf(decodeTensor(bomb))).toBe('TENSOR_INVALID');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20);
  });

  it.each([
    ['an unknown codec', { codec: 'zip' }],
    ['a codec named like a method', { codec: 'constructor' }],
    ['uint8 for integers', { codec: 'uint8', dtype: 'int64' }],
    ['a scale of zero', { codec: 'uint8', data: new Uint8Array(4), scale: 0 }],
    ['a scale of NaN', { codec: 'uint8', data: new Uint8Array(4), scale: Number.NaN }],
    ['a zero point out of range', { codec: 'uint8', data: new Uint8Array(4), scale: 1, zeroPoint: 256 }],
    ['a bool of 2', { codec: 'raw', dtype: 'bool', data: Uint8Array.of(0, 1, 2, 1) }],
    ['bytes that are not deflate', { data: Uint8Array.of(255, 1, 2) }],
    ['truncated deflate', { data: bomb.data.subarray(0, 10) }],
  ] as const)('refuses %s', async (_, change) => {
    expect(await codeOf(decodeTensor({ ...bomb, ...change }))).toBe('TENSOR_INVALID');
  });
});

it('names the codecs there are when one is unknown', () => {
  expect(() => createCodec('float8')).toThrow(/float8: no such codec. There are float32/);
  expect(() => createCodec('raw')).toThrow(CutlineError);
});
