/**
 * Looks over an encoded envelope before it is decoded. A few bytes of protobuf can ask for a large object each (an empty
 * tensor is two bytes), so a decoder alone is an amplifier; this pass counts first and allocates nothing.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Limits } from './limits.ts';

/** Numbers of wire/cutline.proto. */
const ACTIVATION = 9;
const RESULT = 10;
const TENSORS = 1;
const SHAPE = 3;
/** Fields of a message of ours, with room for those of later versions. */
const MAX_FIELDS = 32;

/** What is too much or malformed about the bytes; undefined when nothing is. */
export function scan(payload: Uint8Array, limits: Limits): string | undefined {
  if (payload.length > limits.payloadBytes) return `${payload.length} bytes, ${limits.payloadBytes} allowed`;
  let tensors = 0;
  const envelope = new BinaryReader(payload);
  eachField(envelope, MAX_FIELDS, (field, type) => {
    if ((field !== ACTIVATION && field !== RESULT) || type !== WireType.LengthDelimited) return false;
    eachField(new BinaryReader(envelope.bytes()), MAX_FIELDS + limits.tensors, (inner, innerType, body) => {
      if (inner !== TENSORS || innerType !== WireType.LengthDelimited) return false;
      if (++tensors > limits.tensors) throw new RangeError(`more than ${limits.tensors} tensors`);
      scanTensor(body.bytes(), limits);
      return true;
    });
    return true;
  });
  return undefined;
}

function scanTensor(bytes: Uint8Array, limits: Limits): void {
  eachField(new BinaryReader(bytes), MAX_FIELDS, (field, type, tensor) => {
    if (field !== SHAPE) return false;
    // A packed dimension is at least one byte, an unpacked one is a field by itself.
    const bytesHere = tensor.skip(type, field).length;
    if (type === WireType.LengthDelimited && bytesHere > 1 + 5 * limits.rank) throw new RangeError('rank too large');
    return true;
  });
}

/** Calls `take` for each field, which says whether it has read it; others are skipped. Groups are not of proto3. */
function eachField(
  reader: BinaryReader,
  maxFields: number,
  take: (field: number, type: WireType, reader: BinaryReader) => boolean,
): void {
  for (let n = 0; reader.pos < reader.len; n++) {
    if (n >= maxFields) throw new RangeError('too many fields');
    const [field, type] = reader.tag();
    if (type === WireType.StartGroup || type === WireType.EndGroup) throw new RangeError('a group');
    if (!take(field, type, reader)) reader.skip(type, field);
  }
}
