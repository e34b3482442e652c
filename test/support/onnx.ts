/** ONNX files as protobuf, for what GraphBuilder does not write: sequences, bodies, doubled names, odd element types. */
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProtoSchema,
  type GraphProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type TypeProtoSchema,
  type ValueInfoProtoSchema,
} from 'onnx-buf';

type AttributeInit = MessageInitShape<typeof AttributeProtoSchema>;
export type GraphInit = Extract<MessageInitShape<typeof GraphProtoSchema>, { readonly $typeName?: never }>;
type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
export type TensorInit = MessageInitShape<typeof TensorProtoSchema>;
type TypeInit = MessageInitShape<typeof TypeProtoSchema>;
type ValueInit = MessageInitShape<typeof ValueInfoProtoSchema>;

export const onnxType = {
  float32: 1,
  int8: 3,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  bfloat16: 16,
  float8: 17,
  uint4: 21,
  int4: 22,
} as const;
export type OnnxType = keyof typeof onnxType;

/** Numbers, names, and undefined for a dimension of which nothing is said. Without dimensions the rank is not known. */
export const tensorType = (type: OnnxType, dims?: readonly (number | string | undefined)[]): TypeInit => {
  const dim = dims?.map((d) =>
    d === undefined
      ? {}
      : {
          value:
            typeof d === 'number'
              ? { case: 'dimValue' as const, value: BigInt(d) }
              : { case: 'dimParam' as const, value: d },
        },
  );
  return { value: { case: 'tensorType', value: { elemType: onnxType[type], ...(dim && { shape: { dim } }) } } };
};
export const sequenceType = (elemType: TypeInit): TypeInit => ({
  value: { case: 'sequenceType', value: { elemType } },
});
export const optionalType = (elemType: TypeInit): TypeInit => ({
  value: { case: 'optionalType', value: { elemType } },
});
export const mapType = (key: OnnxType, valueType: TypeInit): TypeInit => ({
  value: { case: 'mapType', value: { keyType: onnxType[key], valueType } },
});

export const value = (name: string, type?: TypeInit): ValueInit => ({ name, ...(type && { type }) });

export function tensor(name: string, type: OnnxType, dims: readonly number[], values: readonly number[]): TensorInit {
  const field =
    type === 'float32'
      ? { floatData: [...values] }
      : type === 'int64'
        ? { int64Data: values.map(BigInt) }
        : { int32Data: [...values] };
  return { name, dataType: onnxType[type], dims: dims.map(BigInt), ...field };
}

type AttributeValue =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { float: number }
  | { floats: readonly number[] }
  | { graph: GraphInit }
  | { tensor: TensorInit }
  | { type: TypeInit };

const utf8 = new TextEncoder();

function attribute(name: string, v: AttributeValue): AttributeInit {
  if (typeof v === 'number') return { name, type: 2, i: BigInt(v) };
  if (typeof v === 'string') return { name, type: 3, s: utf8.encode(v) };
  if (Array.isArray(v)) {
    return typeof v[0] === 'string'
      ? { name, type: 8, strings: v.map((s) => utf8.encode(s)) }
      : { name, type: 7, ints: v.map(BigInt) };
  }
  if ('graph' in v) return { name, type: 5, g: v.graph };
  if ('tensor' in v) return { name, type: 4, t: v.tensor };
  if ('type' in v) return { name, type: 13, tp: v.type };
  if ('floats' in v) return { name, type: 6, floats: [...v.floats] };
  return { name, type: 1, f: (v as { float: number }).float };
}

export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  domain = '',
): NodeInit {
  const list = Object.entries(attributes).map(([k, v]) => attribute(k, v));
  return { opType, input: [...input], output: [...output], domain, attribute: list };
}

/** A whole file. */
export function onnxFile(graph: GraphInit, { opset = 17, ml = 0 } = {}): Uint8Array {
  const opsetImport = [{ domain: '', version: BigInt(opset) }];
  if (ml > 0) opsetImport.push({ domain: 'ai.onnx.ml', version: BigInt(ml) });
  const irVersion = opset > 19 ? 10n : 8n;
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion, opsetImport, graph: { name: 'g', ...graph } }),
  );
}
