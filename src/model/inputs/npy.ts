/**
 * Reads NumPy's `.npy`: a header that is a Python dictionary, then the elements. Format:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { fromRaw } from '../onnx/dtype.ts';
import { bytesPerElement, type DType, sizeOf, type Tensor, type TensorData } from '../tensor.ts';

/** What is wrong with a file, as the end of a sentence. */
export class MalformedFileError extends Error {}

const magic = '\x93NUMPY';
const maxRank = 64;
/** More is not held in one ONNX file. */
const maxBytes = 2 ** 31 - 1;

/** NumPy's letters for types, little-endian or of one byte. It has none for bfloat16. */
const dtypes: Readonly<Record<string, Exclude<DType, 'string'>>> = {
  '|b1': 'bool',
  '|i1': 'int8',
  '|u1': 'uint8',
  '<i2': 'int16',
  '<u2': 'uint16',
  '<i4': 'int32',
  '<u4': 'uint32',
  '<i8': 'int64',
  '<u8': 'uint64',
  '<f2': 'float16',
  '<f4': 'float32',
  '<f8': 'float64',
};

export const looksLikeNpy = (bytes: Uint8Array): boolean => latin1(bytes.subarray(0, magic.length)) === magic;

/** @throws MalformedFileError */
export function parseNpy(bytes: Uint8Array): Tensor {
  const refuse = (problem: string): never => {
    throw new MalformedFileError(problem);
  };
  const major = bytes[6];
  const lengthBytes = major === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  if (!looksLikeNpy(bytes) || bytes.length < start) return refuse('it is no .npy file');
  if (major !== 1 && major !== 2 && major !== 3)
    return refuse(`it is a .npy file of version ${major}; 1 to 3 are read`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = start + (lengthBytes === 2 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) return refuse('it ends within its header');
  const header = readHeader(latin1(bytes.subarray(start, end)));
  if (!header) return refuse('its header is not that of an array');
  const { descr, fortran, shape } = header;
  const dtype = Object.hasOwn(dtypes, descr) ? dtypes[descr]! : undefined;
  if (!dtype) return refuse(`its elements are ${descr}; little-endian numbers and truth values are read`);
  const size = sizeOf(shape);
  const wanted = size * bytesPerElement(dtype)!;
  if (shape.length > maxRank || !(wanted <= maxBytes)) return refuse(`its shape [${shape}] is beyond what is read`);
  const found = bytes.length - end;
  if (found !== wanted)
    return refuse(`it has ${found} bytes of elements, shape [${shape}] of ${dtype} needs ${wanted}`);
  const data = fromRaw(dtype, bytes.subarray(end));
  return { dtype, shape, data: fortran ? rowMajor(data, shape) : data };
}

/** Exactly the three keys that NumPy writes, in any order. */
function readHeader(text: string) {
  const entries = /^\{\s*(.*?),?\s*\}\s*$/s.exec(text)?.[1];
  if (entries === undefined) return undefined;
  const found = new Map<string, string>();
  const entry = /\s*'(\w+)'\s*:\s*('[^']*'|True|False|\([\d,\sL]*\))\s*(?:,|$)/gy;
  let at = 0;
  for (let m = entry.exec(entries); m; m = entry.exec(entries)) {
    if (found.has(m[1]!)) return undefined;
    found.set(m[1]!, m[2]!);
    at = entry.lastIndex;
  }
  const [descr, order, shape] = ['descr', 'fortran_order', 'shape'].map((key) => found.get(key));
  if (at !== entries.length || found.size !== 3 || !descr?.startsWith("'") || !shape?.startsWith('(')) return undefined;
  if (order !== 'True' && order !== 'False') return undefined;
  // `(3,)` and `()`; old files say `3L`.
  const dims = shape
    .slice(1, -1)
    .replace(/,\s*$/, '')
    .split(',')
    .map((d) => d.trim().replace(/L$/, ''));
  const numbers = dims.length === 1 && dims[0] === '' ? [] : dims.map((d) => (/^\d{1,15}$/.test(d) ? Number(d) : -1));
  return numbers.some((d) => d < 0)
    ? undefined
    : { descr: descr.slice(1, -1), fortran: order === 'True', shape: numbers };
}

/** From NumPy's `fortran_order`, in which the first index runs fastest. */
function rowMajor(data: TensorData, shape: readonly number[]): TensorData {
  const from = data as Float32Array;
  const to = from.slice();
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < to.length; i++) {
    to[i] = from[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return to;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
