/** A tensor in a file of its own: NumPy's `.npy`, or ONNX's TensorProto as in its test data (`input_0.pb`). */
import { fromBinary } from '@bufbuild/protobuf';
import { type TensorProto, TensorProtoSchema } from 'onnx-buf';
import { CutlineError } from '../../errors.ts';
import { readBounded } from '../../files.ts';
import { flawOf } from '../../wire-flaws.ts';
import { dtypeOf } from '../onnx/dtype.ts';
import { readTensor } from '../onnx/read-tensor.ts';
import type { Tensor } from '../tensor.ts';
import { looksLikeNpy, MalformedFileError, parseNpy } from './npy.ts';
import { integerRanges } from './ranges.ts';

export interface TensorFile {
  readonly tensor: Tensor;
  /** As the file calls it; '' where it does not. */
  readonly name: string;
  /** Set where the file holds a number that its type cannot: the end of a sentence. */
  readonly outOfRange?: string;
}

const maxBytes = 2 ** 31 - 1;

/** @throws MalformedFileError; CutlineError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_TOO_LARGE */
export async function readTensorFile(path: string): Promise<TensorFile> {
  const bytes = await readBounded(path, maxBytes);
  if (looksLikeNpy(bytes)) return { tensor: checked(parseNpy(bytes)), name: '' };
  if (bytes.subarray(0, 2).toString() === 'PK')
    throw new MalformedFileError('it is an archive; take the array out of it');
  const proto = decode(bytes);
  if (!proto || !dtypeOf(proto.dataType)) {
    throw new MalformedFileError('it is neither a .npy file nor a tensor of ONNX (.pb) of a type that is read');
  }
  const outOfRange = overflow(proto);
  return { tensor: checked(read(proto, path)), name: proto.name, ...(outOfRange && { outOfRange }) };
}

function decode(bytes: Uint8Array): TensorProto | undefined {
  try {
    const proto = fromBinary(TensorProtoSchema, bytes, { readUnknownFields: false });
    return flawOf(TensorProtoSchema, bytes) === undefined ? proto : undefined;
  } catch {
    return undefined;
  }
}

function read(proto: TensorProto, path: string): Tensor {
  try {
    return readTensor(proto, { path, folders: [] });
  } catch (error) {
    if (!(error instanceof CutlineError)) throw error;
    throw new MalformedFileError(String(error.details.problem ?? error.message), { cause: error });
  }
}

/** Small integers are written as int32 (onnx.proto); what does not fit would wrap round. */
function overflow(proto: TensorProto): string | undefined {
  const dtype = dtypeOf(proto.dataType)!;
  if (proto.rawData.length > 0 || !(dtype in integerRanges)) return undefined;
  const [low, high] = integerRanges[dtype as keyof typeof integerRanges];
  const values: readonly (number | bigint)[] = dtype === 'uint32' ? proto.uint64Data : proto.int32Data;
  const odd = values.find((v) => v < low || v > high);
  return odd === undefined ? undefined : `${odd} is not within ${low} … ${high} (${dtype})`;
}

/** A truth value is a byte, and others than 0 and 1 are none. */
function checked(tensor: Tensor): Tensor {
  const odd = tensor.dtype === 'bool' && (tensor.data as Uint8Array).find((v) => v > 1);
  if (odd) throw new MalformedFileError(`it holds ${odd} as a truth value`);
  return tensor;
}
