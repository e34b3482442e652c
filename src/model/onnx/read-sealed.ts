/** Weights that are carried along unopened: sparse ones, and those of element types that we do not compute with. */
import { toBinary } from '@bufbuild/protobuf';
import {
  TensorProto_DataType as Onnx,
  type SparseTensorProto,
  SparseTensorProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from 'onnx-buf';
import { CutlineError } from '../../errors.ts';
import type { Sealed } from '../graph.ts';
import { sizeOf } from '../tensor.ts';
import { onnxName } from './dtype.ts';
import { readExternal, type Source } from './external.ts';

/** Bits of an element; what onnxruntime has, and we have no arrays for. */
const bitsOf = new Map<number, number>([
  [Onnx.FLOAT8E4M3FN, 8],
  [Onnx.FLOAT8E4M3FNUZ, 8],
  [Onnx.FLOAT8E5M2, 8],
  [Onnx.FLOAT8E5M2FNUZ, 8],
  [Onnx.FLOAT8E8M0, 8],
  [Onnx.UINT4, 4],
  [Onnx.INT4, 4],
  [Onnx.FLOAT4E2M1, 4],
]);

/** Undefined for types that are opened. @throws CutlineError MODEL_DTYPE, MODEL_INVALID, MODEL_EXTERNAL_DATA */
export function readSealed(proto: TensorProto, source: Source): Sealed {
  const bits = bitsOf.get(proto.dataType);
  const tensor = proto.name || '(unnamed)';
  if (bits === undefined) {
    throw new CutlineError('MODEL_DTYPE', { path: source.path, tensor, dtype: onnxName(proto.dataType) });
  }
  const shape = proto.dims.map(Number);
  const numbers = sizeOf(shape);
  const bytes = Math.ceil((numbers * bits) / 8);
  const external = proto.dataLocation === TensorProto_DataLocation.EXTERNAL;
  const held = external
    ? { ...proto, rawData: readExternal(proto, bytes, source), dataLocation: 0, externalData: [] }
    : proto;
  if (shape.some((d) => d < 0) || (held.rawData.length !== bytes && held.int32Data.length === 0)) {
    const problem = `tensor ${tensor} has ${held.rawData.length} bytes for shape [${shape}]`;
    throw new CutlineError('MODEL_INVALID', { path: source.path, problem });
  }
  return { kind: 'dense', proto: toBinary(TensorProtoSchema, held as TensorProto), numbers, bytes };
}

export function readSparse(proto: SparseTensorProto): Sealed {
  const bytes = toBinary(SparseTensorProtoSchema, proto);
  return { kind: 'sparse', proto: bytes, numbers: sizeOf(proto.values?.dims.map(Number) ?? []), bytes: bytes.length };
}
