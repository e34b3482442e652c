/** GraphProto to Graph: a plain translation. What the graph means is checked afterwards, in ../check.ts. */
import { isFieldSet, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  AttributeProto_AttributeType as Kind,
  type NodeProto,
  TypeProtoSchema,
  type ValueInfoProto,
} from 'onnx-buf';
import { CutlineError } from '../../errors.ts';
import type { Attribute, Dim, Graph, Node, ValueInfo } from '../graph.ts';
import { topologicalOrder } from '../order.ts';
import type { Tensor } from '../tensor.ts';
import { dtypeOf } from './dtype.ts';
import type { Source } from './external.ts';
import { readTensor } from './read-tensor.ts';
import { readWeights, settleConstants } from './read-weights.ts';

export type GraphFrame = Pick<Graph, 'opsets' | 'irVersion'>;

const text = new TextDecoder();

export function readGraph(proto: GraphProto, frame: GraphFrame, source: Source): Graph {
  return settleConstants(translate(proto, frame, source, false));
}

function translate(proto: GraphProto, frame: GraphFrame, source: Source, body: boolean): Graph {
  const { initializers, sealed } = readWeights(proto, source, body);
  const values = new Map<string, ValueInfo>();
  for (const v of proto.valueInfo) if (v.name) values.set(v.name, readValue(v));
  const isWeight = (v: ValueInfo): boolean => {
    const weight = initializers.get(v.name);
    if (weight) requireSame(v, weight, source);
    return weight !== undefined || sealed.has(v.name);
  };
  return {
    name: proto.name || 'graph',
    // Files before IR 4 list initializers as inputs too; they are weights all the same.
    inputs: proto.input.map(readValue).filter((v) => !isWeight(v)),
    outputs: proto.output.map(readValue),
    nodes: proto.node.map((n) => readNode(n, frame, source)),
    initializers,
    values,
    ...frame,
    ...(sealed.size > 0 && { sealed }),
  };
}

/** @throws CutlineError MODEL_INVALID for a weight that is declared as an input of another kind */
function requireSame({ name, dtype, shape, unknown }: ValueInfo, weight: Tensor, source: Source): void {
  const isOfType = unknown === 'type' || (unknown !== 'opaque' && dtype === weight.dtype);
  const fits =
    shape.length === weight.shape.length && shape.every((d, i) => typeof d === 'string' || d === weight.shape[i]);
  if (isOfType && (unknown !== undefined || fits)) return;
  const problem = `${name} is a weight ${weight.dtype} [${weight.shape}] and declared as an input of another type or shape`;
  throw new CutlineError('MODEL_INVALID', { path: source.path, problem });
}

function readValue(proto: ValueInfoProto): ValueInfo {
  const { name, type } = proto;
  if (!type?.value.case) return { name, dtype: 'float32', shape: [], unknown: 'type' };
  const dtype = type.value.case === 'tensorType' ? dtypeOf(type.value.value.elemType) : undefined;
  if (type.value.case !== 'tensorType' || !dtype) {
    return { name, dtype: 'float32', shape: [], unknown: 'opaque', raw: toBinary(TypeProtoSchema, type) };
  }
  const shape = type.value.value.shape;
  if (!shape) return { name, dtype, shape: [], unknown: 'shape' };
  const dims = shape.dim.map(({ value }): Dim => {
    if (value.case === 'dimParam') return placeholders.has(value.value.trim().toLowerCase()) ? '' : value.value;
    // Exporters of dynamic models write -1 where they mean "not known". A length of 0 is one.
    return value.case === 'dimValue' && value.value >= 0n ? Number(value.value) : '';
  });
  return { name, dtype, shape: dims };
}

/** What exporters write for "not known". As a name it would say that all such dimensions are equal. */
const placeholders = new Set(['', '?', '-1', '*', '_', 'none', 'null', 'nan', 'unk', 'unknown', 'dynamic', 'any']);

function readNode(proto: NodeProto, frame: GraphFrame, source: Source): Node {
  return {
    name: proto.name,
    op: proto.opType,
    domain: proto.domain === 'ai.onnx' ? '' : proto.domain,
    inputs: proto.input,
    outputs: proto.output,
    attributes: readAttributes(proto, frame, source),
    ...(proto.overload && { overload: proto.overload }),
  };
}

function readAttributes(proto: NodeProto, frame: GraphFrame, source: Source): Node['attributes'] {
  const refuse = (a: AttributeProto, problem: string): never => {
    const node = `node ${proto.name || proto.output[0] || 'without a name'} (${proto.opType})`;
    throw new CutlineError('MODEL_INVALID', { path: source.path, problem: `${node}: attribute ${a.name} ${problem}` });
  };
  const read = new Map<string, Attribute>();
  for (const a of proto.attribute) {
    if (read.has(a.name)) refuse(a, 'is given twice');
    if (contradictsItself(a)) refuse(a, 'has a value of another type than it says');
    read.set(a.name, readAttribute(a, frame, source));
  }
  return Object.fromEntries(read);
}

function readAttribute(a: AttributeProto, frame: GraphFrame, source: Source): Attribute {
  const raw = (): Attribute => ({ type: 'raw', value: toBinary(AttributeProtoSchema, a) });
  switch (a.refAttrName ? Kind.UNDEFINED : a.type || guess(a)) {
    case Kind.FLOAT:
      return { type: 'float', value: a.f };
    case Kind.INT:
      return { type: 'int', value: integer(a.i) };
    case Kind.STRING:
      return utf8(a.s) ? { type: 'string', value: text.decode(a.s) } : raw();
    case Kind.TENSOR:
      return a.t && dtypeOf(a.t.dataType) ? { type: 'tensor', value: readTensor(a.t, source) } : raw();
    case Kind.GRAPH:
      return a.g ? { type: 'graph', value: readBody(a.g, frame, source) } : raw();
    case Kind.FLOATS:
      return { type: 'floats', value: a.floats };
    case Kind.INTS:
      return { type: 'ints', value: a.ints.map(integer) };
    case Kind.STRINGS:
      return a.strings.every(utf8) ? { type: 'strings', value: a.strings.map((s) => text.decode(s)) } : raw();
    default:
      return raw();
  }
}

function readBody(proto: GraphProto, frame: GraphFrame, source: Source): Graph {
  const body = translate(proto, frame, source, true);
  return { ...body, nodes: topologicalOrder(body, source.path) };
}

const { field } = AttributeProtoSchema;
const fields = [
  [Kind.TENSOR, field.t],
  [Kind.GRAPH, field.g],
  [Kind.INTS, field.ints],
  [Kind.FLOATS, field.floats],
  [Kind.STRINGS, field.strings],
  [Kind.STRING, field.s],
  [Kind.INT, field.i],
  [Kind.FLOAT, field.f],
] as const;

/** The types whose fields are there. */
const filled = (a: AttributeProto): Kind[] => fields.flatMap(([kind, f]) => (isFieldSet(a, f) ? [kind] : []));

/** IR 1 and 2 had no type field, and some exporters still leave it out: the field that is filled tells. */
const guess = (a: AttributeProto): Kind => filled(a)[0] ?? Kind.UNDEFINED;

/** Nobody can say which value is meant; runtimes refuse it. */
const contradictsItself = (a: AttributeProto): boolean =>
  a.type !== Kind.UNDEFINED && a.refAttrName === '' && filled(a).some((kind) => kind !== a.type);

const integer = (v: bigint): number | bigint => (Number.isSafeInteger(Number(v)) ? Number(v) : v);

/** Attributes of type string may hold any bytes; only text survives the way through a JavaScript string. */
function utf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return !(bytes[0] === 0xef && bytes[1] === 0xbb);
  } catch {
    return false;
  }
}
