/** Reads envelopes from strangers: whatever the bytes are, the answer is an envelope within the limits or ENVELOPE_INVALID. */
import { fromBinary } from '@bufbuild/protobuf';
import { CutlineError } from '../errors.ts';
import { type DType, sizeOf, type Tensors } from '../model/tensor.ts';
import { flawOf } from '../wire-flaws.ts';
import { decodedSize, decodeTensor, type EncodedTensor } from './codecs/codec.ts';
import { type Body, type Envelope, ID_BYTES, PROTOCOL, SESSION_ID_BYTES } from './envelope.ts';
import type { ExpectedTensor } from './expected.ts';
import { isFailureCode } from './failures.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { scan } from './scan.ts';
import type { ShortHeader } from './short.ts';
import { isName } from './topics.ts';
import { EnvelopeSchema, type Envelope as Wire, type Tensor as WireTensor } from './wire/cutline_pb.ts';

/** A short message; what it leaves out is known to whoever knows its session. */
export interface Short extends ShortHeader {
  readonly kind: Body['kind'];
  /**
   * Its body, as `decodeEnvelope` gives it.
   * @param places the plan's tensors, which a message may call by their place
   * @throws CutlineError ENVELOPE_INVALID, TENSOR_INVALID
   */
  bodyWith(places: readonly ExpectedTensor[]): Body;
}

/**
 * The envelope; its tensors stay encoded and still point into `payload`.
 * @throws CutlineError ENVELOPE_INVALID, also for a short message; TENSOR_INVALID
 */
export function decodeEnvelope(payload: Uint8Array, limits: Limits = defaultLimits): Envelope {
  const message = decodeMessage(payload, limits);
  if ('bodyWith' in message) throw invalid('a short message, which stands on a session');
  return message;
}

/** An envelope of either form. @throws CutlineError ENVELOPE_INVALID, TENSOR_INVALID */
export function decodeMessage(payload: Uint8Array, limits: Limits = defaultLimits): Envelope | Short {
  const wire = parse(payload, limits);
  if (wire.sealed.length > 0) throw invalid('it is sealed, and here are no keys (messageKeys)');
  if (wire.protocol !== PROTOCOL) throw invalid(`protocol version ${wire.protocol}, this side speaks ${PROTOCOL}`);
  return wire.sessionId.length > 0 ? shortOf(wire, limits) : fullOf(wire, limits);
}

function fullOf(wire: Wire, limits: Limits): Envelope {
  if (!isName(wire.deviceId)) throw invalid('device id');
  if (wire.planId.length === 0 || Buffer.byteLength(wire.planId) > limits.stringBytes) throw invalid('plan id');
  return {
    planId: wire.planId,
    deviceId: wire.deviceId,
    bootId: idOf(wire.bootId, 'boot id'),
    sequence: safe(wire.sequence, 'sequence'),
    correlationId: idOf(wire.correlationId, 'correlation id'),
    createdMs: safe(wire.createdMs, 'created'),
    expiresMs: safe(wire.expiresMs, 'expires'),
    body: bodyOf(wire, limits),
    ...(wire.session && {
      session: {
        id: idOf(wire.session.id, 'session id', SESSION_ID_BYTES),
        sinceMs: safe(wire.session.sinceMs, 'session'),
        expiryMs: wire.session.expiryMs,
      },
    }),
  };
}

function shortOf(wire: Wire, limits: Limits): Short {
  if (wire.planId || wire.deviceId || wire.bootId.length > 0 || wire.session) throw invalid('a short message in full');
  const kind = wire.body.case;
  if (kind === undefined) throw invalid('no body');
  return {
    kind,
    sessionId: idOf(wire.sessionId, 'session id', SESSION_ID_BYTES),
    correlationId: idOf(wire.correlationId, 'correlation id'),
    sequence: safe(wire.sequence, 'sequence'),
    atMs: wire.atMs,
    bodyWith: (places) => {
      const { body } = wire;
      if (body.case === 'failure' || body.case === undefined) return bodyOf(wire, limits);
      const tensors = body.value.tensors.map((t) => (t.place === 0 ? t : placed(t, places)));
      return bodyOf({ body: { case: body.case, value: { ...body.value, tensors } } as Wire['body'] }, limits);
    },
  };
}

function placed(wire: WireTensor, places: readonly ExpectedTensor[]): WireTensor {
  const found = places[wire.place - 1];
  if (!found) throw invalid(`place ${wire.place}, the plan has ${places.length}`);
  if (wire.name || wire.dtype || wire.shape.length > 0) throw invalid('a tensor with a place and a name');
  const { name, dtype, shape, codecs } = found;
  return { ...wire, name, dtype, shape: [...shape], codec: wire.codec || codecs[0]! };
}

/**
 * The tensors by name.
 * @throws CutlineError TENSOR_INVALID
 */
export async function decodeTensors(tensors: readonly EncodedTensor[]): Promise<Tensors> {
  // fromEntries defines, it does not assign: a tensor called __proto__ is just a name.
  return Object.fromEntries(await Promise.all(tensors.map(async (t) => [t.name, await decodeTensor(t)] as const)));
}

function parse(payload: Uint8Array, limits: Limits): Wire {
  try {
    const problem = scan(payload, limits);
    if (problem !== undefined) throw new RangeError(problem);
    // What the scan passes over, the decoder must not take for tensors.
    const flaw = flawOf(EnvelopeSchema, payload);
    if (flaw !== undefined) throw new RangeError(flaw);
    return fromBinary(EnvelopeSchema, payload, { readUnknownFields: false, recursionLimit: 4 });
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error), error);
  }
}

function bodyOf({ body }: Pick<Wire, 'body'>, limits: Limits): Body {
  switch (body.case) {
    case 'activation':
      return { kind: 'activation', tensors: tensorsOf(body.value.tensors, limits) };
    case 'result':
      return {
        kind: 'result',
        tensors: tensorsOf(body.value.tensors, limits),
        queueMs: body.value.queueUs / 1000,
        tailMs: body.value.tailUs / 1000,
        decodeMs: body.value.decodeUs / 1000,
      };
    case 'failure': {
      const { code, message } = body.value;
      const text = Buffer.from(message).subarray(0, limits.stringBytes).toString();
      return isFailureCode(code)
        ? { kind: 'failure', code, message: text }
        : { kind: 'failure', code: 'INTERNAL', message: `${code.slice(0, 64)} ${text}` };
    }
    case undefined:
      throw invalid('no body');
    default:
      return body satisfies never;
  }
}

function tensorsOf(wire: readonly WireTensor[], limits: Limits): EncodedTensor[] {
  if (wire.length === 0) throw invalid('no tensors');
  const names = new Set<string>();
  let bytes = 0;
  return wire.map((t) => {
    if (t.name.length === 0 || Buffer.byteLength(t.name) > limits.stringBytes) throw invalid('tensor name');
    if (names.has(t.name)) throw invalid(`two tensors named ${JSON.stringify(t.name)}`);
    names.add(t.name);
    if (t.shape.length > limits.rank) throw invalid(`rank ${t.shape.length}, ${limits.rank} allowed`);
    const dtype = dtypeOf(t.dtype);
    // A product beyond 2⁵³ is inexact but still far beyond the limit, so the comparison holds.
    if (!(sizeOf(t.shape) <= limits.decodedBytes)) throw invalid(`shape [${t.shape}]`);
    const encoded: EncodedTensor = {
      name: t.name,
      dtype,
      shape: t.shape,
      codec: t.codec.slice(0, 64),
      scale: t.scale,
      zeroPoint: t.zeroPoint,
      data: t.data,
    };
    bytes += decodedSize(encoded).bytes;
    if (bytes > limits.decodedBytes) throw invalid(`${bytes} bytes of tensors, ${limits.decodedBytes} allowed`);
    return encoded;
  });
}

const DTYPES: Readonly<Record<Exclude<DType, 'string'>, true>> = {
  float32: true,
  float64: true,
  float16: true,
  bfloat16: true,
  int8: true,
  uint8: true,
  int16: true,
  uint16: true,
  int32: true,
  uint32: true,
  int64: true,
  uint64: true,
  bool: true,
};

function dtypeOf(name: string): DType {
  if (Object.hasOwn(DTYPES, name)) return name as DType;
  throw invalid(`element type ${JSON.stringify(name.slice(0, 32))}`);
}

function idOf(bytes: Uint8Array, what: string, length = ID_BYTES): string {
  if (bytes.length !== length) throw invalid(`${what} of ${bytes.length} bytes`);
  return Buffer.from(bytes).toString('hex');
}

function safe(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(what);
  return Number(value);
}

function invalid(problem: string, cause?: unknown): CutlineError {
  return new CutlineError('ENVELOPE_INVALID', { problem }, cause === undefined ? undefined : { cause });
}
