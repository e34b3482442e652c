/** Types in words, as messages and reports show them. */
import { fromBinary } from '@bufbuild/protobuf';
import { type TypeProto, TypeProtoSchema } from 'onnx-buf';
import { dtypeOf, onnxName } from './dtype.ts';

/** `sequence(map(int64,float32))` of an encoded TypeProto. */
export const describeType = (raw: Uint8Array): string => words(fromBinary(TypeProtoSchema, raw));

const element = (number: number): string => dtypeOf(number) ?? onnxName(number).toLowerCase();

function words(type: TypeProto | undefined): string {
  const of = type?.value;
  switch (of?.case) {
    case 'tensorType':
      return element(of.value.elemType);
    case 'sparseTensorType':
      return `sparse(${element(of.value.elemType)})`;
    case 'sequenceType':
      return `sequence(${words(of.value.elemType)})`;
    case 'optionalType':
      return `optional(${words(of.value.elemType)})`;
    case 'mapType':
      return `map(${element(of.value.keyType)},${words(of.value.valueType)})`;
    default:
      return 'unknown';
  }
}
