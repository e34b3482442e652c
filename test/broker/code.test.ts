/** A code on the wire: as many bits as its levels need, one length for every picture, nothing that strangers can make much of. */
import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTensor } from '../../src/broker/codecs/codec.ts';
import { createCodec, decodeEnvelope, type EncodedTensor, encodeEnvelope } from '../../src/broker/index.ts';
import { EnvelopeSchema } from '../../src/broker/wire/cutline_pb.ts';
import { codecs } from '../../src/codecs.ts';
import { CutlineError } from '../../src/errors.ts';
import { asFloat32, float32 } from '../../src/model/index.ts';

const codec = createCodec('code');
const level = (i: number, bits: number) => (2 * i + 1) / 2 ** bits - 1;

const codes = fc
  .record({
    bits: fc.integer({ min: 1, max: 8 }),
    rows: fc.integer({ min: 1, max: 3 }),
    length: fc.integer({ min: 1, max: 40 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    seed: fc.array(fc.nat(255), { minLength: 120, maxLength: 120 }),
  })
  .map(({ bits, rows, length, share, seed }) => {
    const sent = Math.max(1, Math.round(share * length));
    const levels = Array.from({ length: rows * sent }, (_, k) => seed[k]! % 2 ** bits);
    const values = Array.from({ length: rows * length }, (_, k) => {
      const [r, i] = [Math.floor(k / length), k % length];
      return i < sent ? level(levels[r * sent + i]!, bits) : 0;
    });
    return { bits, rows, length, sent, levels, tensor: float32(values, [rows, length]) };
  });

/** As wire/cutline.proto says it, bit by bit. */
function packed(levels: readonly number[], bits: number): Uint8Array {
  const data = new Uint8Array(Math.ceil((levels.length * bits) / 8));
  levels.forEach((q, k) => {
    for (let j = 0; j < bits; j++) if ((q >> j) & 1) data[Math.floor((k * bits + j) / 8)]! += 2 ** ((k * bits + j) % 8);
  });
  return data;
}

const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(CutlineError);
  return error as CutlineError;
};

describe('codec code', () => {
  it('writes as the wire format says, and reads it back exactly', async () => {
    await fc.assert(
      fc.asyncProperty(codes, async ({ bits, sent, levels, tensor }) => {
        const encoded = await codec.encode('code', tensor);
        expect(encoded).toMatchObject({ codec: 'code', scale: 2 ** (1 - bits), zeroPoint: sent, shape: tensor.shape });
        expect(encoded.data).toEqual(packed(levels, bits));
        expect(await decodeTensor(encoded)).toEqual(tensor);
      }),
      { numRuns: 200 },
    );
  });

  it('sends 256 bits in 32 bytes: 8 × 4 × 4 elements of 4 levels, or a prefix of twice the channels', async () => {
    const values = Float32Array.from({ length: 128 }, (_, i) => level(i % 4, 2));
    expect((await codec.encode('code', float32(values, [1, 8, 4, 4]))).data).toHaveLength(32);
    const longer = new Float32Array(256);
    longer.set(values);
    expect((await codec.encode('code', float32(longer, [1, 16, 4, 4]))).data).toHaveLength(32);
  });

  it('passes an envelope, in which others find levels and length', async () => {
    const tensor = float32([0.75, -0.25, 0, 0], [1, 4]);
    const ids = { planId: 'p', deviceId: 'd', bootId: '00'.repeat(16), correlationId: '11'.repeat(16) };
    const header = { ...ids, sequence: 0, createdMs: 1, expiresMs: 2 };
    const body = { kind: 'activation' as const, tensors: [await codec.encode('code', tensor)] };
    const { body: read } = decodeEnvelope(encodeEnvelope({ ...header, body }));
    if (read.kind !== 'activation') throw new Error(read.kind);
    expect(read.tensors[0]).toMatchObject({ scale: 0.5, zeroPoint: 2, data: Uint8Array.of(0b0111) });
    expect(await decodeTensor(read.tensors[0]!)).toEqual(tensor);
  });

  it('has no deflated variant, whose length would tell of the picture', async () => {
    expect(codecs).not.toContain('code+deflate');
    expect(() => createCodec('code+deflate')).toThrow(expect.objectContaining({ code: 'CODEC_UNKNOWN' }));
    const encoded = await codec.encode('code', float32([0.5, -0.5], [1, 2]));
    expect((await refusal(decodeTensor({ ...encoded, codec: 'code+deflate' }))).code).toBe('TENSOR_INVALID');
  });

  it.each<[string, number[], number[], RegExp]>([
    ['a value between levels', [0.25, 0.3], [1, 2], /holds 0\.30000\d+, which is none of 4 levels \(element 1\)/],
    ['a first value off every grid', [0.3, 0.25], [1, 2], /holds 0\.30000\d+, no odd multiple.*\(element 0\)/],
    ['a level of another grid', [0.25, 0.5], [1, 2], /element 1/],
    ['a finer level', [0.25, 0.125], [1, 2], /element 1/],
    ['a level too fine', [1 / 512], [1, 1], /element 0/],
    ['one', [0.25, 1], [1, 2], /element 1/],
    ['beyond one', [0.25, 1.25], [1, 2], /element 1/],
    ['not a number', [0.25, Number.NaN], [1, 2], /element 1/],
    ['infinity first', [Number.POSITIVE_INFINITY], [1, 1], /element 0/],
    ['a gap', [0.25, 0, 0.75, 0], [1, 4], /0 before its end \(element 1\)/],
    ['nothing but zeros', [0, 0], [1, 2], /begins with 0/],
    ['rows of different lengths', [0.25, 0, 0.25, 0.25], [2, 2], /where the first row has ended \(element 3\)/],
    ['a row that ends before the first', [0.25, 0.25, 0.25, 0], [2, 2], /element 3/],
  ])('refuses %s, and says where', async (_, values, shape, where) => {
    const error = await refusal(codec.encode('code', float32(values, shape)));
    expect(error.code).toBe('CODEC_RANGE');
    expect(error.message).toMatch(where);
    expect(error.message).toMatch(/Tensor code:.*Choose float32/);
  });

  it('carries indices raw beside it, an empty tensor, and one number a picture', async () => {
    expect((await codec.encode('i', { dtype: 'bool', shape: [1], data: Uint8Array.of(1) })).codec).toBe('raw');
    for (const tensor of [float32([], [0, 3]), float32([0.5], []), float32([0.5, -0.5], [2])]) {
      expect(await decodeTensor(await codec.encode('code', tensor))).toEqual(tensor);
    }
  });
});

describe('a code that strangers wrote', () => {
  const good: EncodedTensor = {
    name: 'code',
    dtype: 'float32',
    shape: [1, 3],
    codec: 'code',
    scale: 0.5,
    zeroPoint: 3,
    data: Uint8Array.of(0b100100),
  };

  it('is read when it is sound', async () => {
    expect([...asFloat32(await decodeTensor(good))]).toEqual([-0.75, -0.25, 0.25]);
  });

  it.each<[string, Partial<EncodedTensor>]>([
    ['another length than it says', { data: Uint8Array.of(0, 0) }],
    ['no data', { data: new Uint8Array() }],
    ['bits after its end', { data: Uint8Array.of(0b1100100) }],
    ['more elements than the shape has', { zeroPoint: 4 }],
    ['no element', { zeroPoint: 0, data: new Uint8Array() }],
    ['a negative length', { zeroPoint: -1 }],
    ['a scale of 0', { scale: 0 }],
    ['a scale of NaN', { scale: Number.NaN }],
    ['a scale between those of levels', { scale: 0.4 }],
    ['one level', { scale: 2 }],
    ['levels finer than eight bits', { scale: 2 ** -8 }],
    ['a type it does not carry', { dtype: 'int64' }],
    ['a shape that is much larger than its data', { shape: [1, 2 ** 24] }],
    ['rows that it has no data for', { shape: [2 ** 20, 3] }],
    ['an empty shape with elements', { shape: [0, 3], zeroPoint: 3 }],
  ])('is refused: %s', async (_, change) => {
    const before = process.memoryUsage().arrayBuffers;
    // Of the large shape all elements are said to be sent.
    const length = change.shape && change.shape[1]! > 3 ? { zeroPoint: change.shape[1]! } : {};
    expect((await refusal(decodeTensor({ ...good, ...change, ...length }))).code).toBe('TENSOR_INVALID');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });

  it('is refused in an envelope whose shapes are beyond the limits, before anything is unpacked', () => {
    const tensor = { ...good, shape: [1, 2 ** 25], zeroPoint: 1, data: Uint8Array.of(0) };
    const wire = create(EnvelopeSchema, {
      protocol: 1,
      planId: 'p',
      deviceId: 'd',
      bootId: new Uint8Array(16),
      correlationId: new Uint8Array(16),
      body: { case: 'activation', value: { tensors: [{ ...tensor, shape: [...tensor.shape] }] } },
    });
    expect(() => decodeEnvelope(toBinary(EnvelopeSchema, wire))).toThrow(/bytes of tensors/);
  });
});
