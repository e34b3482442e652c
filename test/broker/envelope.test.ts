import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Body,
  createCodec,
  decodeEnvelope,
  decodeMessage,
  decodeTensors,
  type EncodedTensor,
  type Envelope,
  type ExpectedTensor,
  encodeEnvelope,
  encodeShort,
} from '../../src/broker/index.ts';
import { EnvelopeSchema, TensorSchema } from '../../src/broker/wire/cutline_pb.ts';
import { CutlineError } from '../../src/errors.ts';
import { float32 } from '../../src/model/index.ts';

const header = {
  planId: '0123456789abcdef0123456789abcdef',
  deviceId: 'cam-1',
  bootId: '00112233445566778899aabbccddeeff',
  sequence: 7,
  correlationId: 'ffeeddccbbaa99887766554433221100',
  createdMs: 1_700_000_000_000,
  expiresMs: 1_700_000_060_000,
};
const tensor = await createCodec('uint8').encode('relu2', float32([0, 1, 2, 3], [1, 4]));
const activation: Envelope = { ...header, body: { kind: 'activation', tensors: [tensor] } };
const result: Envelope = {
  ...header,
  body: { kind: 'result', tensors: [tensor], queueMs: 0.25, tailMs: 1.5, decodeMs: 0.125 },
};
const failure: Envelope = { ...header, body: { kind: 'failure', code: 'OVERLOADED', message: '64 are waiting' } };

function refusal(bytes: Uint8Array): string | undefined {
  try {
    decodeEnvelope(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof CutlineError) return error.code;
    throw error;
  }
}

/** An activation with fields changed before encoding. */
function altered(change: Parameters<typeof create<typeof EnvelopeSchema>>[1]): Uint8Array {
  const plain = {
    ...header,
    protocol: 1,
    sequence: 7n,
    bootId: new Uint8Array(16),
    correlationId: new Uint8Array(16),
    createdMs: 1n,
    expiresMs: 2n,
  };
  const body = { case: 'activation' as const, value: { tensors: [wireTensor({})] } };
  return toBinary(EnvelopeSchema, create(EnvelopeSchema, { ...plain, body, ...change }));
}

const wireTensor = (change: object) => ({
  name: 'x',
  dtype: 'float32',
  shape: [2],
  codec: 'float32',
  data: new Uint8Array(8),
  ...change,
});
const withTensors = (...tensors: object[]) =>
  altered({ body: { case: 'activation', value: { tensors: tensors.map(wireTensor) } } });

describe('an envelope', () => {
  it.each([
    ['activation', activation],
    ['result', result],
    ['failure', failure],
  ])('comes back as it was written: %s', (_, envelope) => {
    const decoded = decodeEnvelope(encodeEnvelope(envelope));
    const plain = (e: Envelope) => JSON.parse(JSON.stringify(e, (_k, v) => (v instanceof Uint8Array ? [...v] : v)));
    const wanted = plain(envelope);
    for (const t of wanted.body.tensors ?? []) t.scale = Math.fround(t.scale);
    expect(plain(decoded)).toEqual(wanted);
  });

  it('comes back from any header within the limits', () => {
    const hex = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((b) => Buffer.from(b).toString('hex'));
    const when = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    const headers = fc.record({
      planId: fc.string({ minLength: 1, maxLength: 64 }),
      deviceId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/),
      bootId: hex,
      sequence: when,
      correlationId: hex,
      createdMs: when,
      expiresMs: when,
    });
    fc.assert(
      fc.property(headers, (h) => {
        expect(decodeEnvelope(encodeEnvelope({ ...failure, ...h }))).toEqual({ ...failure, ...h });
      }),
    );
  });

  it.each([
    ['another protocol version', altered({ protocol: 2 })],
    ['no protocol version', altered({ protocol: 0 })],
    ['a device id with a wildcard', altered({ deviceId: 'a/+' })],
    ['no device id', altered({ deviceId: '' })],
    ['no plan id', altered({ planId: '' })],
    ['a plan id of a megabyte', altered({ planId: 'x'.repeat(1 << 20) })],
    ['a short boot id', altered({ bootId: new Uint8Array(15) })],
    ['a long correlation id', altered({ correlationId: new Uint8Array(17) })],
    ['a sequence beyond 2^53', altered({ sequence: 2n ** 63n })],
    ['no body', altered({ body: { case: undefined } })],
    ['no tensors', withTensors()],
    ['two tensors of one name', withTensors({}, {})],
    ['a tensor without name', withTensors({ name: '' })],
    ['a tensor with a long name', withTensors({ name: 'x'.repeat(2000) })],
    ['strings', withTensors({ dtype: 'string' })],
    ['a type named like a method', withTensors({ dtype: 'toString' })],
    ['rank 9', withTensors({ shape: Array(9).fill(1) })],
    ['a shape of 2^64 elements', withTensors({ shape: [2 ** 32 - 1, 2 ** 32 - 1] })],
    ['a shape beyond the limit', withTensors({ shape: [64 << 20] })],
    ['shapes beyond the limit together', withTensors({ name: 'a', shape: [9 << 20] }, { name: 'b', shape: [9 << 20] })],
    ['an unknown codec', withTensors({ codec: 'zip' })],
    ['65 tensors', withTensors(...Array.from({ length: 65 }, (_, i) => ({ name: `t${i}` })))],
    ['nothing', new Uint8Array(0)],
    ['17 MB', new Uint8Array(17 << 20)],
  ])('is refused with %s', (_, bytes) => {
    expect(refusal(bytes)).toMatch(/^(ENVELOPE|TENSOR)_INVALID$/);
  });

  it('keeps a tensor called __proto__ apart from the prototype', async () => {
    const envelope = decodeEnvelope(withTensors({ name: '__proto__' }));
    const tensors = envelope.body.kind === 'activation' ? await decodeTensors(envelope.body.tensors) : {};
    expect(Object.keys(tensors)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(tensors)).toBe(Object.prototype);
  });

  it('turns an unknown failure word into INTERNAL', () => {
    const bytes = altered({ body: { case: 'failure', value: { code: 'NEW_IN_VERSION_9', message: 'm' } } });
    expect(decodeEnvelope(bytes).body).toEqual({ kind: 'failure', code: 'INTERNAL', message: 'NEW_IN_VERSION_9 m' });
  });

  it('passes over fields that it does not know', () => {
    const later = new BinaryWriter().tag(99, WireType.LengthDelimited).bytes(new Uint8Array(100)).finish();
    expect(decodeEnvelope(Buffer.concat([encodeEnvelope(failure), later]))).toEqual(failure);
  });
});

describe('a short envelope', () => {
  const places: ExpectedTensor[] = [
    { name: 'other', dtype: 'int64', shape: [3], codecs: ['raw'] },
    { name: 'relu2', dtype: 'float32', shape: [1, 4], codecs: ['uint8'] },
  ];
  const short = { sessionId: 'ab'.repeat(4), correlationId: header.correlationId, sequence: 7, atMs: 1234 };
  const answer = { ...short, sequence: 0, atMs: 0 };

  it.each([
    ['activation', short, activation],
    ['result', answer, result],
    ['failure', answer, failure],
  ])('comes back as it was written: %s', (_, head, { body }) => {
    const decoded = decodeMessage(encodeShort(head, body, places));
    if (!('bodyWith' in decoded)) throw new Error('in full');
    const { bodyWith, kind, ...rest } = decoded;
    expect([kind, rest]).toEqual([body.kind, head]);
    const wanted = 'tensors' in body ? { ...body, tensors: body.tensors.map(written) } : body;
    expect(bodyWith(places)).toEqual(wanted);
    // What has no place there says all of itself.
    const named = decodeMessage(encodeShort(head, body, []));
    expect('bodyWith' in named && named.bodyWith([])).toEqual(wanted);
  });

  const written = (t: EncodedTensor) => ({ ...t, scale: Math.fround(t.scale), data: new Uint8Array(t.data) });

  it('is 64 bytes longer than its data at most, also with big numbers', () => {
    const big = { ...short, sequence: 1e9, atMs: 2 ** 32 - 1 };
    for (const length of [4, 4096, 100_000]) {
      const tensors = [{ ...tensor, shape: [1, length], data: new Uint8Array(length) }];
      const at = [{ ...places[1]!, shape: [1, length] }];
      const answered = tensors.map((t) => ({ ...t, scale: 0, zeroPoint: 0 }));
      const bodies: Body[] = [
        { kind: 'activation', tensors },
        { kind: 'result', tensors: answered, queueMs: 1000, tailMs: 1000, decodeMs: 1000 },
      ];
      for (const body of bodies) expect(encodeShort(big, body, at).length - length).toBeLessThanOrEqual(64);
      expect(encodeEnvelope({ ...activation, body: bodies[0]! }).length - length).toBeGreaterThan(130);
    }
  });

  const hostile = (change: object, tensorChange: object = {}) => {
    const t = create(TensorSchema, { place: 2, data: new Uint8Array(4), scale: 1, ...tensorChange });
    const body = { case: 'activation' as const, value: { tensors: [t] } };
    const ids = { sessionId: new Uint8Array(4), correlationId: new Uint8Array(16) };
    return toBinary(EnvelopeSchema, create(EnvelopeSchema, { protocol: 1, ...ids, body, ...change }));
  };
  const read = (bytes: Uint8Array) => {
    try {
      const message = decodeMessage(bytes);
      return 'bodyWith' in message ? message.bodyWith(places).kind : 'full';
    } catch (error) {
      return (error as CutlineError).code;
    }
  };

  it('may be written by others', () => expect(read(hostile({}))).toBe('activation'));

  it.each([
    ['a short session id', hostile({ sessionId: new Uint8Array(3) })],
    ['a plan as well', hostile({ planId: 'p' })],
    ['a device as well', hostile({ deviceId: 'd' })],
    ['an offer as well', hostile({ session: { id: new Uint8Array(4) } })],
    ['no correlation id', hostile({ correlationId: new Uint8Array(0) })],
    ['no body', hostile({ body: { case: undefined } })],
    ['a place beyond the plan', hostile({}, { place: 3 })],
    ['neither place nor name', hostile({}, { place: 0 })],
    ['a place and a name', hostile({}, { name: 'relu2' })],
    ['a place and a shape', hostile({}, { shape: [1, 5] })],
    ['another protocol version', hostile({ protocol: 2 })],
  ])('is refused with %s', (_, bytes) => expect(read(bytes)).toBe('ENVELOPE_INVALID'));

  it('is no full one', () => expect(refusal(hostile({}))).toBe('ENVELOPE_INVALID'));

  it('with any bits turned ends in a typed error or an envelope within the limits', () => {
    const good = encodeShort(short, activation.body, places);
    const flips = fc.array(fc.nat({ max: good.length * 8 - 1 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(flips, (bits) => {
        const bytes = Uint8Array.from(good);
        for (const bit of bits) bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(read(bytes)).toMatch(/^(activation|result|failure|full|ENVELOPE_INVALID|TENSOR_INVALID)$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an offer of a session', () => {
  it('comes back as it was written', () => {
    const session = { id: 'ab'.repeat(4), sinceMs: 1_700_000_000_000, expiryMs: 60_000 };
    expect(decodeEnvelope(encodeEnvelope({ ...failure, session }))).toEqual({ ...failure, session });
  });

  it('is refused with an id of another length', () => {
    expect(refusal(altered({ session: { id: new Uint8Array(5) } }))).toBe('ENVELOPE_INVALID');
  });
});

describe('hostile bytes', () => {
  const good = encodeEnvelope(activation);

  it('that are random end in a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void refusal(bytes)),
      { numRuns: 2000 },
    );
  });

  it('that are cut off anywhere end in a typed error', () => {
    for (let n = 0; n < good.length; n++) refusal(good.subarray(0, n));
    expect(refusal(good.subarray(0, good.length - 1))).toMatch(/_INVALID$/);
  });

  it('with any bits turned end in a typed error or an envelope within the limits', async () => {
    const flips = fc.array(fc.nat({ max: good.length * 8 - 1 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(flips, async (bits) => {
        const bytes = Uint8Array.from(good);
        for (const bit of bits) bytes[bit >> 3]! ^= 1 << (bit & 7);
        if (refusal(bytes) !== undefined) return;
        const { body } = decodeEnvelope(bytes);
        if (body.kind === 'failure') return;
        await decodeTensors(body.tensors).catch((error: unknown) => {
          if (!(error instanceof CutlineError)) throw error;
        });
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['millions of empty tensors', new Uint8Array(8 << 20).map((_, i) => (i % 2 === 0 ? 0x0a : 0))],
    [
      'a shape of millions of dimensions',
      new BinaryWriter()
        .tag(1, WireType.LengthDelimited)
        .bytes(
          new BinaryWriter()
            .tag(3, WireType.LengthDelimited)
            .bytes(new Uint8Array(8 << 20).fill(1))
            .finish(),
        )
        .finish(),
    ],
    ['a shape written one by one', new Uint8Array(8 << 20).map((_, i) => (i % 2 === 0 ? 0x18 : 1))],
    ['groups in groups', new Uint8Array(8 << 20).fill(0x0b)],
  ])('cannot buy memory or time with %s', (_, body) => {
    const bytes = new BinaryWriter().uint32(8).uint32(1).tag(9, WireType.LengthDelimited).bytes(body).finish();
    const beforeBytes = process.memoryUsage().heapUsed;
    const startMs = performance.now();
    expect(refusal(bytes)).toBe('ENVELOPE_INVALID');
    expect(performance.now() - startMs).toBeLessThan(500);
    expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(16 << 20);
  });
});
