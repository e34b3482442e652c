import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, TensorProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { decodeEnvelope } from '../src/broker/index.ts';
import { encodeModel, parseModel } from '../src/model/index.ts';
import { flawOf } from '../src/wire-flaws.ts';
import { chain } from './support/networks.ts';

const wireTypes = [WireType.Varint, WireType.Bit64, WireType.LengthDelimited, WireType.Bit32] as const;

/** A field of this type whose bytes are as that type has them. */
function field(number: number, type: WireType): Uint8Array {
  const writer = new BinaryWriter().tag(number, type);
  if (type === WireType.Varint) writer.uint32(0);
  else if (type === WireType.Bit64) writer.fixed64(0n);
  else if (type === WireType.Bit32) writer.fixed32(0);
  else writer.bytes(new Uint8Array());
  return writer.finish();
}

describe('a field of another wire type than its schema says', () => {
  it.each([ModelProtoSchema, NodeProtoSchema, TensorProtoSchema])('is found, whichever of $name it is', (schema) => {
    const highest = Math.max(...schema.fields.map((f) => f.number));
    for (const { number, name, fieldKind } of schema.fields) {
      const accepted = wireTypes.filter((type) => flawOf(schema, field(number, type)) === undefined);
      // Numbers one after another may be packed as well.
      const isList = fieldKind === 'list';
      if (isList) expect(accepted, name).toContain(WireType.LengthDelimited);
      expect(accepted.length, name).toBeGreaterThanOrEqual(1);
      expect(accepted.length, name).toBeLessThanOrEqual(isList ? 2 : 1);
      for (const type of wireTypes.filter((t) => !accepted.includes(t)))
        expect(flawOf(schema, field(number, type))).toBe(
          `a ${schema.name} has its ${name} written as another kind of field`,
        );
    }
    for (const type of wireTypes) expect(flawOf(schema, field(highest + 100, type))).toBeUndefined();
  });

  it('is found where the reader would read another message than everybody else', () => {
    // An attribute whose tag says that it is a number: protobuf passes the number over and finds an input behind it.
    const attribute = new BinaryWriter().uint32(10).string('alpha').finish();
    const node = new BinaryWriter().tag(5, WireType.Varint).uint32(attribute.length).raw(attribute).finish();
    expect(fromBinary(NodeProtoSchema, node).attribute).toHaveLength(1);
    expect(flawOf(NodeProtoSchema, node)).toMatch(/NodeProto has its attribute/);
    const graph = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(node).finish();
    const model = new BinaryWriter().tag(7, WireType.LengthDelimited).bytes(graph).finish();
    expect(flawOf(ModelProtoSchema, model)).toMatch(/NodeProto has its attribute/);
  });

  it('is not seen in what is written rightly, packed or not', () => {
    const tensor = create(TensorProtoSchema, { dims: [2n, 3n], floatData: [1, 2], int64Data: [1n], name: 'w' });
    expect(flawOf(TensorProtoSchema, toBinary(TensorProtoSchema, tensor))).toBeUndefined();
    const unpacked = new BinaryWriter().tag(1, WireType.Varint).int64(2n).tag(4, WireType.Bit32).float(1).finish();
    expect(flawOf(TensorProtoSchema, unpacked)).toBeUndefined();
  });
});

describe('a message whose length ends it within a field', () => {
  it('is found, though the reader reads on behind it', () => {
    const node = new BinaryWriter().tag(4, WireType.LengthDelimited).string('Relu').finish();
    const inGraph = (length: number) =>
      new BinaryWriter().tag(1, WireType.LengthDelimited).uint32(length).raw(node).finish();
    expect(flawOf(GraphProtoSchema, inGraph(node.length))).toBeUndefined();
    expect(fromBinary(GraphProtoSchema, inGraph(node.length - 2)).node[0]?.opType).toBe('Relu');
    expect(flawOf(GraphProtoSchema, inGraph(node.length - 2))).toBe('a NodeProto ends within a field');
  });
});

describe('whoever reads strangers’ bytes', () => {
  const whole = encodeModel(chain());

  /** Every tag at the top of the model with another wire type. */
  function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const at = reader.pos;
      const [number, type] = reader.tag();
      reader.skip(type, number);
      for (const other of wireTypes) {
        if (other === type) continue;
        const changed = bytes.slice();
        changed[at] = (bytes[at]! & ~7) | other;
        yield changed;
      }
    }
  }

  it('refuses such a model', () => {
    expect(parseModel(whole).nodes.length).toBeGreaterThan(1);
    let refused = 0;
    for (const bytes of damaged(whole)) {
      expect(() => parseModel(bytes)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
      refused++;
    }
    expect(refused).toBeGreaterThan(5);
  });

  it('refuses such an envelope, whose tensors its scan would not have counted', () => {
    const tensors = new BinaryWriter();
    for (let i = 0; i < 10; i++) tensors.tag(1, WireType.LengthDelimited).bytes(new Uint8Array());
    const body = tensors.finish();
    const hidden = new BinaryWriter().tag(9, WireType.Varint).uint32(body.length).raw(body).finish();
    expect(() => decodeEnvelope(hidden)).toThrow(expect.objectContaining({ code: 'ENVELOPE_INVALID' }));
    expect(() => decodeEnvelope(hidden)).toThrow(/its activation written as another kind of field/);
  });
});
