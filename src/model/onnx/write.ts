/** Graph to bytes. Weights, which are nearly all of a file, are copied once, straight into the result. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  type AttributeProto,
  AttributeProtoSchema,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type SparseTensorProto,
  SparseTensorProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { CutlineError } from '../../errors.ts';
import type { Attribute, Graph, Node, ValueInfo } from '../graph.ts';
import { rawBytes, type Tensor } from '../tensor.ts';
import { onnxNumber } from './dtype.ts';
import { maxModelBytes } from './read.ts';

const utf8 = new TextEncoder();

/** Field numbers of onnx.proto that are written by hand. */
const modelGraph = 7;
const graphInitializer = 5;
const tensorRawData = 9;

/**
 * A whole ONNX file, weights inside.
 * @throws CutlineError MODEL_TOO_LARGE above 2 GB, the limit of the format
 */
export function encodeModel(graph: Graph): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const [name, tensor] of graph.initializers) {
    const [head, raw] = initializer(name, tensor);
    const length = head.length + raw.length;
    pieces.push(field(graphInitializer, length), head, raw);
  }
  const rest = toBinary(GraphProtoSchema, graphProto({ ...graph, initializers: new Map() }));
  const graphBytes = pieces.reduce((n, p) => n + p.length, rest.length);
  const frame = toBinary(ModelProtoSchema, modelFrame(graph));
  const tag = field(modelGraph, graphBytes);
  const total = frame.length + tag.length + graphBytes;
  if (total > maxModelBytes) throw new CutlineError('MODEL_TOO_LARGE', { path: graph.name, bytes: total });
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const piece of [frame, tag, rest, ...pieces]) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Tag and length of a field whose content follows. */
function field(number: number, length: number): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(length).finish();
}

function initializer(name: string, tensor: Tensor): [head: Uint8Array, raw: Uint8Array] {
  const { data } = tensor;
  if (!ArrayBuffer.isView(data)) return [toBinary(TensorProtoSchema, tensorProto(tensor, name)), new Uint8Array()];
  const raw = rawBytes(data);
  const head = toBinary(TensorProtoSchema, create(TensorProtoSchema, tensorHead(tensor, name)));
  const tag = field(tensorRawData, raw.length);
  const joined = new Uint8Array(head.length + tag.length);
  joined.set(head);
  joined.set(tag, head.length);
  return [joined, raw];
}

function modelFrame(graph: Graph) {
  return create(ModelProtoSchema, {
    irVersion: BigInt(graph.irVersion),
    producerName: 'cutline',
    opsetImport: [...graph.opsets].map(([domain, version]) => ({ domain, version: BigInt(version) })),
    metadataProps: [...(graph.metadata ?? [])].map(([key, value]) => ({ key, value })),
    functions: (graph.functions ?? []).map((f) => fromBinary(FunctionProtoSchema, f)),
  });
}

function graphProto(graph: Graph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    input: graph.inputs.map(valueProto),
    output: graph.outputs.map(valueProto),
    node: graph.nodes.map(nodeProto),
    initializer: [...[...graph.initializers].map(([name, t]) => tensorProto(t, name)), ...sealedTensors(graph)],
    sparseInitializer: sparseTensors(graph),
    valueInfo: [...graph.values.values()].filter((v) => isTyped(v)).map(valueProto),
  });
}

const isTyped = (v: ValueInfo): boolean => v.raw !== undefined || (v.unknown !== 'type' && v.unknown !== 'opaque');

function valueProto(v: ValueInfo): ValueInfoProto {
  if (v.raw) return create(ValueInfoProtoSchema, { name: v.name, type: fromBinary(TypeProtoSchema, v.raw) });
  if (!isTyped(v)) return create(ValueInfoProtoSchema, { name: v.name });
  const dim = v.shape.map((d) =>
    typeof d === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(d) } }
      : d
        ? { value: { case: 'dimParam' as const, value: d } }
        : {},
  );
  const elemType = onnxNumber(v.dtype);
  const value = v.unknown === 'shape' ? { elemType } : { elemType, shape: { dim } };
  return create(ValueInfoProtoSchema, { name: v.name, type: { value: { case: 'tensorType', value } } });
}

function nodeProto(n: Node): NodeProto {
  return create(NodeProtoSchema, {
    name: n.name,
    opType: n.op,
    domain: n.domain,
    overload: n.overload ?? '',
    input: [...n.inputs],
    output: [...n.outputs],
    attribute: Object.entries(n.attributes).map(([name, a]) => attributeProto(name, a)),
  });
}

function attributeProto(name: string, a: Attribute): AttributeProto {
  switch (a.type) {
    case 'float':
      return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: a.value });
    case 'int':
      return create(AttributeProtoSchema, { name, type: Kind.INT, i: BigInt(a.value) });
    case 'string':
      return create(AttributeProtoSchema, { name, type: Kind.STRING, s: utf8.encode(a.value) });
    case 'tensor':
      return create(AttributeProtoSchema, { name, type: Kind.TENSOR, t: tensorProto(a.value, '') });
    case 'graph':
      return create(AttributeProtoSchema, { name, type: Kind.GRAPH, g: graphProto(a.value) });
    case 'floats':
      return create(AttributeProtoSchema, { name, type: Kind.FLOATS, floats: [...a.value] });
    case 'ints':
      return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: a.value.map(BigInt) });
    case 'strings':
      return create(AttributeProtoSchema, { name, type: Kind.STRINGS, strings: a.value.map((s) => utf8.encode(s)) });
    case 'raw':
      return fromBinary(AttributeProtoSchema, a.value);
    default:
      return a satisfies never;
  }
}

/** Under the names they have now. */
function sealedTensors({ sealed = new Map() }: Graph): TensorProto[] {
  const dense = [...sealed].filter(([, s]) => s.kind === 'dense');
  return dense.map(([name, s]) => ({ ...fromBinary(TensorProtoSchema, s.proto), name }));
}

function sparseTensors({ sealed = new Map() }: Graph): SparseTensorProto[] {
  const sparse = [...sealed].filter(([, s]) => s.kind === 'sparse');
  return sparse.map(([name, s]) => {
    const proto = fromBinary(SparseTensorProtoSchema, s.proto);
    return { ...proto, values: { ...proto.values!, name } };
  });
}

const tensorHead = (t: Tensor, name: string) => ({
  name,
  dataType: onnxNumber(t.dtype),
  dims: t.shape.map((d) => BigInt(d)),
});

function tensorProto(t: Tensor, name: string): TensorProto {
  const head = tensorHead(t, name);
  if (!ArrayBuffer.isView(t.data)) {
    return create(TensorProtoSchema, { ...head, stringData: t.data.map((s) => utf8.encode(s)) });
  }
  return create(TensorProtoSchema, { ...head, rawData: rawBytes(t.data) as Uint8Array<ArrayBuffer> });
}
