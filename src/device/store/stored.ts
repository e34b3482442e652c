/** What is kept of an inference until its answer, as bytes: what is told of it, and its tensors in an envelope. */
import { decodeEnvelope, type EncodedTensor, encodeEnvelope } from '../../broker/index.ts';

export interface Stored {
  readonly planId: string;
  /** 16 bytes as hex; the same in every copy that is ever sent. */
  readonly correlationId: string;
  /** Unix time in milliseconds. */
  readonly capturedMs: number;
  readonly headMs: number;
  readonly encodeMs: number;
  readonly index: number;
  readonly image: string;
  readonly label?: string | undefined;
  readonly sha256?: string | undefined;
  readonly tensors: readonly EncodedTensor[];
}

const LENGTH_BYTES = 4;
const NOBODY = '0'.repeat(32);

export function written({ tensors, ...told }: Stored): Buffer {
  const { planId, correlationId, capturedMs } = told;
  const text = Buffer.from(JSON.stringify(told));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(text.length);
  const header = {
    planId,
    deviceId: 'x',
    bootId: NOBODY,
    sequence: 0,
    correlationId,
    createdMs: capturedMs,
    expiresMs: capturedMs,
  };
  return Buffer.concat([length, text, encodeEnvelope({ ...header, body: { kind: 'activation', tensors } })]);
}

/** @throws CutlineError ENVELOPE_INVALID, SyntaxError, RangeError for what `written` did not write */
export function unwritten(bytes: Buffer): Stored {
  const end = LENGTH_BYTES + bytes.readUInt32LE(0);
  const told = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end)) as Omit<Stored, 'tensors'>;
  const { body } = decodeEnvelope(bytes.subarray(end));
  if (body.kind !== 'activation') throw new RangeError('no activation');
  // With data of its own: LMDB's buffers do not last.
  return { ...told, tensors: body.tensors.map((t) => ({ ...t, data: new Uint8Array(t.data) })) };
}
