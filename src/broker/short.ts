/** The short form of an envelope, written: what is the same in every message of a session is left out. `decode.ts` reads it. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { EncodedTensor } from './codecs/codec.ts';
import { type Body, microseconds, PROTOCOL } from './envelope.ts';
import type { ExpectedTensor } from './expected.ts';

export interface ShortHeader {
  /** 4 bytes as hex. */
  readonly sessionId: string;
  /** 16 bytes as hex. */
  readonly correlationId: string;
  /** 0 in answers. */
  readonly sequence: number;
  /** Creation, ms after that of the session; 0 in answers. A whole number below 2³². */
  readonly atMs: number;
}

/**
 * By hand, since it is written for each inference: the generated writer takes ten times as long. Numbers are those of
 * wire/cutline.proto, and the tests read it with what is generated from there.
 * @param places of tensors in the plan: those found there by name leave out what the plan says
 */
export function encodeShort(header: ShortHeader, body: Body, places: readonly ExpectedTensor[]): Uint8Array {
  const w = new BinaryWriter();
  w.tag(1, WireType.Varint).uint32(PROTOCOL);
  if (header.sequence > 0) w.tag(5, WireType.Varint).uint64(header.sequence);
  w.tag(6, WireType.LengthDelimited).bytes(Buffer.from(header.correlationId, 'hex'));
  w.tag(13, WireType.LengthDelimited).bytes(Buffer.from(header.sessionId, 'hex'));
  if (header.atMs > 0) w.tag(14, WireType.Varint).uint32(header.atMs);
  switch (body.kind) {
    case 'activation':
      w.tag(9, WireType.LengthDelimited).fork();
      for (const t of body.tensors) writeTensor(w, t, places);
      break;
    case 'result':
      w.tag(10, WireType.LengthDelimited).fork();
      for (const t of body.tensors) writeTensor(w, t, places);
      w.tag(2, WireType.Varint).uint32(microseconds(body.queueMs));
      w.tag(3, WireType.Varint).uint32(microseconds(body.tailMs));
      w.tag(4, WireType.Varint).uint32(microseconds(body.decodeMs));
      break;
    case 'failure':
      w.tag(11, WireType.LengthDelimited).fork();
      w.tag(1, WireType.LengthDelimited).string(body.code);
      w.tag(2, WireType.LengthDelimited).string(body.message);
      break;
    default:
      body satisfies never;
  }
  return w.join().finish();
}

function writeTensor(w: BinaryWriter, t: EncodedTensor, places: readonly ExpectedTensor[]): void {
  const at = places.findIndex((p) => p.name === t.name && p.dtype === t.dtype && sameShape(p.shape, t.shape));
  w.tag(1, WireType.LengthDelimited).fork();
  if (at < 0) {
    w.tag(1, WireType.LengthDelimited).string(t.name);
    w.tag(2, WireType.LengthDelimited).string(t.dtype);
    if (t.shape.length > 0) {
      w.tag(3, WireType.LengthDelimited).fork();
      for (const d of t.shape) w.uint32(d);
      w.join();
    }
  }
  if (at < 0 || t.codec !== places[at]!.codecs[0]) w.tag(4, WireType.LengthDelimited).string(t.codec);
  if (t.scale !== 0) w.tag(5, WireType.Bit32).float(t.scale);
  if (t.zeroPoint !== 0) w.tag(6, WireType.Varint).int32(t.zeroPoint);
  w.tag(7, WireType.LengthDelimited).bytes(t.data);
  if (at >= 0) w.tag(8, WireType.Varint).uint32(at + 1);
  w.join();
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);
