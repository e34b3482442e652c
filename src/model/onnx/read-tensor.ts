/** TensorProto to Tensor: raw bytes, typed fields, or a range of another file. */
import { type TensorProto, TensorProto_DataLocation } from 'onnx-buf';
import { CutlineError } from '../../errors.ts';
import { arrayType, bytesPerElement, type DType, sizeOf, type Tensor, type TensorData } from '../tensor.ts';
import { dtypeOf, fromRaw, onnxName } from './dtype.ts';
import { readExternal, type Source } from './external.ts';

const maxRank = 64;
const maxBytes = 2 ** 31 - 1;

export function readTensor(proto: TensorProto, source: Source): Tensor {
  const label = proto.name || '(unnamed)';
  const refuse = (problem: string): never => {
    throw new CutlineError('MODEL_INVALID', { path: source.path, problem: `tensor ${label} ${problem}` });
  };
  const dtype = dtypeOf(proto.dataType);
  if (!dtype) {
    throw new CutlineError('MODEL_DTYPE', { path: source.path, tensor: label, dtype: onnxName(proto.dataType) });
  }
  if (proto.segment) return refuse('is stored in segments');
  if (proto.dims.length > maxRank) return refuse(`has ${proto.dims.length} dimensions`);
  const shape = proto.dims.map(Number);
  if (shape.some((d) => d < 0)) return refuse(`has a negative dimension [${shape}]`);
  const size = sizeOf(shape);
  const width = bytesPerElement(dtype);
  const bytes = size * (width ?? 1);
  if (!(bytes <= maxBytes)) throw new CutlineError('MODEL_TOO_LARGE', { path: source.path, bytes });
  const data = readData(proto, dtype, size, bytes, source);
  if (data.length !== size) return refuse(`has ${data.length} values for shape [${shape}]`);
  return { dtype, shape, data };
}

function readData(proto: TensorProto, dtype: DType, size: number, bytes: number, source: Source): TensorData {
  if (dtype === 'string') return proto.stringData.map((s) => new TextDecoder().decode(s));
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    return fromRaw(dtype, readExternal(proto, bytes, source));
  }
  // A truncated tail of an element is left out here and noticed by the caller, as a wrong number of values.
  if (proto.rawData.length > 0) return proto.rawData.length === bytes ? fromRaw(dtype, proto.rawData) : [];
  const values = typedField(proto, dtype);
  return values.length === size ? convert(dtype, values) : [];
}

/** Which field holds which type is set out in onnx.proto, message TensorProto. */
function typedField(proto: TensorProto, dtype: Exclude<DType, 'string'>): readonly (number | bigint)[] {
  switch (dtype) {
    case 'float32':
      return proto.floatData;
    case 'float64':
      return proto.doubleData;
    case 'int64':
      return proto.int64Data;
    case 'uint64':
    case 'uint32':
      return proto.uint64Data;
    default:
      return proto.int32Data;
  }
}

function convert(dtype: Exclude<DType, 'string'>, values: readonly (number | bigint)[]): TensorData {
  if (dtype === 'int64') return BigInt64Array.from(values, BigInt);
  if (dtype === 'uint64') return BigUint64Array.from(values, BigInt);
  return (arrayType(dtype) as Float32ArrayConstructor).from(values, Number);
}
