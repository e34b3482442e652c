/**
 * What the reader of protobuf here does not look at, and everybody else's does: a field of another wire type than its schema's is
 * passed over as unknown, and a message ends where its length says. Read without that, a damaged or made-up file is another
 * message here than elsewhere. So bytes are looked over beforehand.
 */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

interface Expected {
  readonly name: string;
  readonly types: readonly WireType[];
  /** What the field holds, where that is messages. */
  readonly message: DescMessage | undefined;
}

/** What is wrong with encoded bytes, as the end of a sentence; undefined where nothing is. */
export function flawOf(schema: DescMessage, bytes: Uint8Array): string | undefined {
  const fields = expectedOf(schema);
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    let inside: Uint8Array | undefined;
    let expected: Expected | undefined;
    try {
      const [number, type] = reader.tag();
      expected = fields.get(number);
      if (expected && !expected.types.includes(type))
        return `a ${schema.name} has its ${expected.name} written as another kind of field`;
      if (expected?.message) inside = reader.bytes();
      else reader.skip(type, number);
    } catch {
      return `a ${schema.name} ends within a field`;
    }
    const flaw = inside && flawOf(expected!.message!, inside);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

const known = new WeakMap<DescMessage, ReadonlyMap<number, Expected>>();

function expectedOf(schema: DescMessage): ReadonlyMap<number, Expected> {
  const before = known.get(schema);
  if (before) return before;
  const fields = new Map(
    schema.fields.map((f) => {
      const message = f.fieldKind === 'map' ? undefined : f.message;
      return [f.number, { name: f.name, types: typesOf(f), message }] as const;
    }),
  );
  known.set(schema, fields);
  return fields;
}

/** Repeated numbers may be packed into one field, whatever the schema says. */
function typesOf(field: DescField): readonly WireType[] {
  const kind = field.fieldKind === 'list' ? field.listKind : field.fieldKind;
  switch (kind) {
    case 'message':
    case 'map':
      return [WireType.LengthDelimited];
    case 'enum':
      return field.fieldKind === 'list' ? [WireType.Varint, WireType.LengthDelimited] : [WireType.Varint];
    case 'scalar': {
      const type = ofScalar(field.scalar!);
      return field.fieldKind === 'list' ? [type, WireType.LengthDelimited] : [type];
    }
    default:
      return kind satisfies never;
  }
}

function ofScalar(type: ScalarType): WireType {
  switch (type) {
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    default:
      return WireType.Varint;
  }
}
