/** Reads envelopes from strangers: whatever the bytes are, the answer is an envelope within the limits or ENVELOPE_INVALID. */
import { fromBinary } from '@bufbuild/protobuf';
import { CutlineError } from '../errors.ts';
import { type DType, sizeOf, type Tensors } from '../model/tensor.ts';
import { flawOf } from '../wire-flaws.ts';
import { decodedSize, decodeTensor, type EncodedTensor } from './codecs/codec.ts';
import { type Body, type Envelope, ID_BYTES, PROTOCOL } from './envelope.ts';
import { isFailureCode } from './failures.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { scan } from './scan.ts';
import { isName } from './topics.ts';
import { EnvelopeSchema, type Envelope as Wire, type Tensor as WireTensor } from './wire/cutline_pb.ts';

/**
 * The envelope; its tensors stay encoded and still point into `payload`.
 * @throws CutlineError ENVELOPE_INVALID, TENSOR_INVALID
 */
export function decodeEnvelope(payload: Uint8Array, limits: Limits = defaultLimits): Envelope {
  const wire = parse(payload, limits);
  if (wire.protocol !== PROTOCOL) throw invalid(`protocol version ${wire.protocol}, this side speaks ${PROTOCOL}`);
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
  };
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

function bodyOf({ body }: Wire, limits: Limits): Body {
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

function idOf(bytes: Uint8Array, what: string): string {
  if (bytes.length !== ID_BYTES) throw invalid(`${what} of ${bytes.length} bytes`);
  return Buffer.from(bytes).toString('hex');
}

function safe(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(what);
  return Number(value);
}

function invalid(problem: string, cause?: unknown): CutlineError {
  return new CutlineError('ENVELOPE_INVALID', { problem }, cause === undefined ? undefined : { cause });
}
