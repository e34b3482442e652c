/** The envelope as a value, and how it is written. `decode.ts` reads it. */
import { create, toBinary } from '@bufbuild/protobuf';
import type { EncodedTensor } from './codecs/codec.ts';
import type { FailureCode } from './failures.ts';
import { EnvelopeSchema } from './wire/cutline_pb.ts';

export const PROTOCOL = 1;
/** Bytes of a boot id and of a correlation id. */
export const ID_BYTES = 16;
/** Of one device; each start has another one. */
export const SESSION_ID_BYTES = 4;

export type Body =
  | { readonly kind: 'activation'; readonly tensors: readonly EncodedTensor[] }
  | {
      readonly kind: 'result';
      readonly tensors: readonly EncodedTensor[];
      readonly queueMs: number;
      readonly tailMs: number;
      readonly decodeMs: number;
    }
  | { readonly kind: 'failure'; readonly code: FailureCode; readonly message: string };

/** What an envelope says beside its body; an answer copies it from the activation. */
export interface Header {
  readonly planId: string;
  readonly deviceId: string;
  /** 16 bytes as hex. */
  readonly bootId: string;
  readonly sequence: number;
  /** 16 bytes as hex. */
  readonly correlationId: string;
  /** Unix time, ms, by the clock of the device. */
  readonly createdMs: number;
  readonly expiresMs: number;
}

/** The constants that short messages leave out (`short.ts`), but for those of the header. */
export interface SessionOffer {
  /** 4 bytes as hex. */
  readonly id: string;
  /** Unix time, ms, by the clock of the device, that creations are counted from. */
  readonly sinceMs: number;
  /** From creation to expiry, ms. */
  readonly expiryMs: number;
}

export interface Envelope extends Header {
  readonly body: Body;
  readonly session?: SessionOffer | undefined;
}

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return toBinary(
    EnvelopeSchema,
    create(EnvelopeSchema, {
      protocol: PROTOCOL,
      planId: envelope.planId,
      deviceId: envelope.deviceId,
      bootId: Buffer.from(envelope.bootId, 'hex'),
      sequence: BigInt(envelope.sequence),
      correlationId: Buffer.from(envelope.correlationId, 'hex'),
      createdMs: BigInt(Math.round(envelope.createdMs)),
      expiresMs: BigInt(Math.round(envelope.expiresMs)),
      body: bodyOf(envelope.body),
      ...(envelope.session && { session: offerOf(envelope.session) }),
    }),
  );
}

function offerOf({ id, sinceMs, expiryMs }: SessionOffer) {
  return { id: Buffer.from(id, 'hex'), sinceMs: BigInt(Math.round(sinceMs)), expiryMs };
}

function bodyOf(body: Body) {
  switch (body.kind) {
    case 'activation':
      return { case: 'activation' as const, value: { tensors: body.tensors.map(tensorOf) } };
    case 'result':
      return {
        case: 'result' as const,
        value: {
          tensors: body.tensors.map(tensorOf),
          queueUs: microseconds(body.queueMs),
          tailUs: microseconds(body.tailMs),
          decodeUs: microseconds(body.decodeMs),
        },
      };
    case 'failure':
      return { case: 'failure' as const, value: { code: body.code, message: body.message } };
    default:
      return body satisfies never;
  }
}

function tensorOf(t: EncodedTensor) {
  return { ...t, dtype: t.dtype as string, shape: [...t.shape], data: t.data as Uint8Array<ArrayBuffer> };
}

export function microseconds(ms: number): number {
  return Math.min(0xffffffff, Math.max(0, Math.round(ms * 1000)));
}
