/** Mutations that leave a file readable as protobuf, and a model that means something else or nothing. */
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import type { Random } from '../../src/random.ts';

/** Changes the model in place and says how; undefined where it has nothing of the kind. */
type Mutation = (model: ModelProto, random: Random) => string | undefined;

const pick = <T>(list: readonly T[], random: Random): T | undefined => list[random.int(Math.max(1, list.length))];

const lengths = [
  -1n,
  0n,
  1n,
  2n,
  3n,
  7n,
  255n,
  65_536n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n + 1n,
  2n ** 62n,
  -(2n ** 63n),
];
const integers = [...lengths, -2n, -3n, 4n, 5n, 16n, 100n, 2n ** 53n + 1n, 2n ** 63n - 1n];
const reals = [0, -0, 1, -1, 0.5, 1e-38, 3.4e38, 1e-45, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const names = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'größe 猫 🐈',
  '\u202e\u0000',
  'a\nb',
  '../../etc/passwd',
  'x'.repeat(5000),
  '{path}',
  '-',
  '+',
  ' ',
  'input',
  'output',
];
const operators = [
  'Relu',
  'Add',
  'Conv',
  'If',
  'Loop',
  'Scan',
  'Shape',
  'Reshape',
  'Cast',
  'NoSuch',
  'SequenceAt',
  'NonZero',
];
const texts = [
  '',
  'same',
  'SAME_UPPER',
  'VALID',
  'linear',
  'cubic',
  'reflect',
  'bidirectional',
  'NOTSET',
  'ü',
  '\u0000',
];
const versions = [-1n, 0n, 1n, 7n, 8n, 9n, 10n, 11n, 13n, 18n, 21n, 22n, 23n, 99n, 2n ** 40n];

/** The graph and the bodies inside it. */
function graphs(graph: GraphProto | undefined): GraphProto[] {
  if (!graph) return [];
  const inner = graph.node.flatMap((n) => n.attribute.flatMap((a) => (a.g ? graphs(a.g) : [])));
  return [graph, ...inner];
}

const someGraph = (m: ModelProto, r: Random): GraphProto | undefined => pick(graphs(m.graph), r);
const someNode = (m: ModelProto, r: Random): NodeProto | undefined => pick(someGraph(m, r)?.node ?? [], r);

function someAttribute(m: ModelProto, r: Random): AttributeProto | undefined {
  const all = graphs(m.graph).flatMap((g) => g.node.flatMap((n) => n.attribute));
  return pick(all, r);
}

function someTensor(m: ModelProto, r: Random): TensorProto | undefined {
  const all = graphs(m.graph).flatMap((g) => [
    ...g.initializer,
    ...g.node.flatMap((n) => n.attribute.flatMap((a) => (a.t ? [a.t] : []))),
  ]);
  return pick(all, r);
}

function someValue(m: ModelProto, r: Random): ValueInfoProto | undefined {
  const all = graphs(m.graph).flatMap((g) => [...g.input, ...g.output, ...g.valueInfo]);
  return pick(all, r);
}

function someName(m: ModelProto, r: Random): string {
  const all = graphs(m.graph).flatMap((g) => [
    ...g.node.flatMap((n) => [...n.input, ...n.output]),
    ...g.initializer.map((t) => t.name),
    ...g.input.map((v) => v.name),
  ]);
  return (r.int(3) === 0 ? pick(names, r) : pick(all, r)) ?? '';
}

export const mutations: Readonly<Record<string, Mutation>> = {
  'attribute value': (m, r) => {
    const a = someAttribute(m, r);
    if (!a) return undefined;
    a.i = pick(integers, r)!;
    a.f = pick(reals, r)!;
    if (a.s.length > 0) a.s = new TextEncoder().encode(pick(texts, r)!);
    if (a.ints.length > 0) a.ints[r.int(a.ints.length)] = pick(integers, r)!;
    if (a.floats.length > 0) a.floats[r.int(a.floats.length)] = pick(reals, r)!;
    return a.name;
  },
  'attribute length': (m, r) => {
    const a = someAttribute(m, r);
    if (!a) return undefined;
    if (r.int(2) === 0) a.ints.push(...a.ints, 1n);
    else a.ints.pop();
    if (r.int(2) === 0) a.floats.push(1, 2);
    return a.name;
  },
  'attribute type': (m, r) => {
    const a = someAttribute(m, r);
    if (!a) return undefined;
    const kinds = Object.values(AttributeProto_AttributeType).filter((k) => typeof k === 'number');
    a.type = r.int(8) === 0 ? (99 as AttributeProto_AttributeType) : pick(kinds, r)!;
    return `${a.name} to ${a.type}`;
  },
  'attribute name': (m, r) => {
    const a = someAttribute(m, r);
    if (a) a.name = pick(['axis', 'axes', 'to', 'perm', 'kernel_shape', 'body', ...names], r)!;
    return a?.name;
  },
  'attribute dropped': (m, r) => {
    const n = someNode(m, r);
    return n?.attribute.splice(r.int(Math.max(1, n.attribute.length)), 1)[0]?.name;
  },
  'attribute twice': (m, r) => {
    const n = someNode(m, r);
    const a = n && pick(n.attribute, r);
    if (!a) return undefined;
    n.attribute.push(a);
    return a.name;
  },
  'dtype of a tensor': (m, r) => {
    const t = someTensor(m, r);
    if (t) t.dataType = r.int(28) - 1;
    return t && `${t.name} to ${t.dataType}`;
  },
  'dtype of a value': (m, r) => {
    const v = someValue(m, r);
    if (v?.type?.value.case !== 'tensorType') return undefined;
    v.type.value.value.elemType = r.int(28) - 1;
    return `${v.name} to ${v.type.value.value.elemType}`;
  },
  'dimension of a tensor': (m, r) => {
    const t = someTensor(m, r);
    if (!t) return undefined;
    if (t.dims.length > 0 && r.int(4) > 0) t.dims[r.int(t.dims.length)] = pick(lengths, r)!;
    else t.dims.push(...Array.from({ length: r.int(4) === 0 ? 70 : 1 }, () => 1n));
    return `${t.name} ${t.dims.slice(0, 8)}`;
  },
  'transposed tensor': (m, r) => {
    const t = someTensor(m, r);
    t?.dims.reverse();
    return t?.name;
  },
  'dimension of a value': (m, r) => {
    const v = someValue(m, r);
    if (v?.type?.value.case !== 'tensorType') return undefined;
    const dims = v.type.value.value.shape?.dim ?? [];
    const d = pick(dims, r);
    if (!d) return undefined;
    if (r.int(3) === 0) d.value = { case: 'dimParam', value: pick([...names, 'N', '2*N', 'N/0', '((((', 'N-N'], r)! };
    else d.value = { case: 'dimValue', value: pick(lengths, r)! };
    return `${v.name} ${String(d.value.value).slice(0, 20)}`;
  },
  'rank of a value': (m, r) => {
    const v = someValue(m, r);
    if (v?.type?.value.case !== 'tensorType') return undefined;
    const type = v.type.value.value;
    if (r.int(3) === 0) delete type.shape;
    else if (r.int(2) === 0) type.shape?.dim.pop();
    else if (type.shape?.dim[0]) type.shape.dim.push(type.shape.dim[0]);
    return v.name;
  },
  'type of a value dropped': (m, r) => {
    const v = someValue(m, r);
    if (v) delete v.type;
    return v?.name;
  },
  'renamed everywhere': (m, r) => {
    const [from, to] = [someName(m, r), pick(names, r)!];
    const renamed = (name: string) => (name === from ? to : name);
    for (const g of graphs(m.graph)) {
      for (const n of g.node) {
        n.input = n.input.map(renamed);
        n.output = n.output.map(renamed);
      }
      for (const v of [...g.input, ...g.output, ...g.valueInfo, ...g.initializer]) v.name = renamed(v.name);
    }
    return `${from.slice(0, 20)} to ${JSON.stringify(to.slice(0, 20))}`;
  },
  'name of a value': (m, r) => {
    const v = someValue(m, r);
    if (v) v.name = someName(m, r);
    return v?.name.slice(0, 20);
  },
  'name of a node': (m, r) => {
    const n = someNode(m, r);
    if (n) n.name = pick(names, r)!;
    return n?.name.slice(0, 20);
  },
  operator: (m, r) => {
    const n = someNode(m, r);
    if (n) n.opType = pick(operators, r)!;
    return n?.opType;
  },
  domain: (m, r) => {
    const n = someNode(m, r);
    if (n) n.domain = pick(['ai.onnx', 'ai.onnx.ml', 'com.microsoft', 'nowhere', '__proto__'], r)!;
    return n?.domain;
  },
  'node dropped': (m, r) => {
    const g = someGraph(m, r);
    return g?.node.splice(r.int(Math.max(1, g.node.length)), 1)[0]?.opType;
  },
  'node twice': (m, r) => {
    const g = someGraph(m, r);
    const n = g && pick(g.node, r);
    if (!n) return undefined;
    g.node.push(r.int(2) === 0 ? n : { ...n, output: n.output.map((o) => `${o}2`) });
    return n.opType;
  },
  'nodes out of order': (m, r) => {
    const g = someGraph(m, r);
    if (g) r.shuffle(g.node);
    return g?.name;
  },
  'input of a node': (m, r) => {
    const n = someNode(m, r);
    if (!n || n.input.length === 0) return undefined;
    n.input[r.int(n.input.length)] = someName(m, r);
    return n.opType;
  },
  'input dropped': (m, r) => {
    const n = someNode(m, r);
    n?.input.splice(r.int(Math.max(1, n.input.length)), 1);
    return n?.opType;
  },
  'input added': (m, r) => {
    const n = someNode(m, r);
    n?.input.push(someName(m, r));
    return n?.opType;
  },
  'output of a node': (m, r) => {
    const n = someNode(m, r);
    if (!n) return undefined;
    const to = someName(m, r);
    if (r.int(2) === 0) n.output.push(to);
    else n.output[0] = to;
    return n.opType;
  },
  cycle: (m, r) => {
    const n = someNode(m, r);
    if (!n || n.output.length === 0) return undefined;
    const later = pick(m.graph?.node ?? [], r);
    n.input[0] = later?.output[0] ?? n.output[0]!;
    return n.opType;
  },
  'initializer twice': (m, r) => {
    const g = someGraph(m, r);
    const t = g && pick(g.initializer, r);
    if (!t) return undefined;
    g.initializer.push(r.int(2) === 0 ? t : { ...t, dims: [...t.dims].reverse() });
    return t.name;
  },
  'initializer dropped': (m, r) => {
    const g = someGraph(m, r);
    return g?.initializer.splice(r.int(Math.max(1, g.initializer.length)), 1)[0]?.name;
  },
  'initializer an input as well': (m, r) => {
    const t = someTensor(m, r);
    const v = m.graph?.input[0];
    if (!t || !v) return undefined;
    m.graph?.input.push({ ...v, name: t.name });
    return t.name;
  },
  'bytes of a tensor': (m, r) => {
    const t = someTensor(m, r);
    if (!t) return undefined;
    const length = r.int(2) === 0 ? r.int(t.rawData.length + 1) : t.rawData.length + 1 + r.int(8);
    const bytes = new Uint8Array(length);
    bytes.set(t.rawData.subarray(0, length));
    t.rawData = bytes;
    return `${t.name} ${length}`;
  },
  'numbers of a tensor': (m, r) => {
    const t = someTensor(m, r);
    if (!t || t.rawData.length === 0) return undefined;
    const bytes = t.rawData.slice();
    for (let i = 0; i < bytes.length; i++) if (r.int(4) === 0) bytes[i] = pick([0, 1, 0x7f, 0x80, 0xc0, 0xff], r)!;
    t.rawData = bytes;
    return t.name;
  },
  'tensor in another file': (m, r) => {
    const t = someTensor(m, r);
    if (!t) return undefined;
    t.dataLocation = 1;
    const location = pick(['weights.bin', '../x', '/etc/passwd', '', '/dev/zero', 'model.onnx'], r)!;
    t.externalData = [{ $typeName: 'onnx.StringStringEntryProto', key: 'location', value: location }];
    return `${t.name} ${location}`;
  },
  opset: (m, r) => {
    const o = pick(m.opsetImport, r);
    if (o) o.version = pick(versions, r)!;
    return o && String(o.version);
  },
  'opset dropped': (m) => {
    m.opsetImport.pop();
    return 'last';
  },
  'IR version': (m, r) => {
    m.irVersion = pick(versions, r)!;
    return String(m.irVersion);
  },
  'output dropped': (m, r) => {
    const g = someGraph(m, r);
    return g?.output.splice(r.int(Math.max(1, g.output.length)), 1)[0]?.name;
  },
  'output added': (m, r) => {
    const g = someGraph(m, r);
    const v = g?.output[0];
    if (!v) return undefined;
    g.output.push(r.int(2) === 0 ? v : { ...v, name: someName(m, r) });
    return g.output.at(-1)!.name.slice(0, 20);
  },
  'input of the graph dropped': (m, r) => {
    const g = someGraph(m, r);
    return g?.input.splice(r.int(Math.max(1, g.input.length)), 1)[0]?.name;
  },
  'body in itself': (m, r) => {
    const holder = pick(
      graphs(m.graph)
        .flatMap((g) => g.node.flatMap((n) => n.attribute))
        .filter((a) => a.g),
      r,
    );
    if (!holder?.g) return undefined;
    const copy = structuredClone(holder);
    holder.g.node.push({ ...structuredClone(holder.g.node[0]!), opType: 'If', attribute: [copy] });
    return holder.name;
  },
};
