/** A tensor while a graph runs: the ONNX type beside the TensorFlow.js tensor that holds it. */
import { fromHalves, toHalves } from '../../model/half.ts';
import { type DType, sizeOf, type Tensor, type TensorData } from '../../model/tensor.ts';
import type { Tf, TfTensor } from './library.ts';

/** Up to here a tensor may be a list of axes or the like, and its elements are kept at hand. */
const smallSize = 64;

const int32 = { low: -(2 ** 31), high: 2 ** 31 - 1 };

export class Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly #tf: Tf;
  #held: TfTensor | undefined;
  #host: Tensor | undefined;

  private constructor(tf: Tf, dtype: DType, shape: readonly number[], held?: TfTensor, host?: Tensor) {
    this.#tf = tf;
    this.dtype = dtype;
    this.shape = shape;
    this.#held = held;
    this.#host = host;
  }

  /** Takes the tensor over: it is freed with the value. */
  static holding(tf: Tf, dtype: DType, tensor: TfTensor): Value {
    return new Value(tf, dtype, tensor.shape, tensor);
  }

  /** A tensor that goes to the backend when an operator first asks for it. The data must not change. */
  static from(tf: Tf, tensor: Tensor): Value {
    if (tensor.dtype === 'float64' || tensor.dtype === 'string')
      throw new Error(`TensorFlow.js has no ${tensor.dtype}`);
    return new Value(tf, tensor.dtype, tensor.shape, undefined, tensor);
  }

  /** Freed with the value, not by a `tidy`. */
  get tensor(): TfTensor {
    if (!this.#held) {
      this.#held = this.#tf.keep(upload(this.#tf, this.#host!));
      if (this.#held.size > smallSize) this.#host = undefined;
    }
    return this.#held;
  }

  holds(tensor: TfTensor): boolean {
    return this.#held === tensor;
  }

  /** Elements as numbers: for axes, shapes and the like. Wide integers keep what float64 can. */
  numbers(): number[] {
    if (this.#host) return elements(this.#host);
    return Array.from(this.tensor.dataSync(), Number);
  }

  /** A copy for the caller. */
  toTensor(): Tensor {
    const { dtype, shape } = this;
    if (this.#host) return { dtype, shape, data: this.#host.data.slice() as TensorData };
    return { dtype, shape, data: encode(this.tensor.dataSync(), dtype) };
  }

  /** The same data held a second time. */
  copy(): Value {
    return new Value(this.#tf, this.dtype, this.shape, this.#held && this.#tf.keep(this.#held.clone()), this.#host);
  }

  dispose(): void {
    this.#held?.dispose();
  }
}

function elements({ dtype, data }: Tensor): number[] {
  if (dtype === 'float16') return Array.from(fromHalves(data as Uint16Array));
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** The TensorFlow.js type that holds an ONNX type. */
export function heldAs(dtype: DType): 'float32' | 'int32' | 'bool' {
  switch (dtype) {
    case 'float32':
    case 'float16':
    case 'bfloat16':
      return 'float32';
    case 'bool':
      return 'bool';
    case 'int8':
    case 'uint8':
    case 'int16':
    case 'uint16':
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
      return 'int32';
    case 'float64':
    case 'string':
      throw new Error(`TensorFlow.js has no ${dtype}`);
    default:
      return dtype satisfies never;
  }
}

function upload(tf: Tf, { dtype, shape, data }: Tensor): TfTensor {
  const size = sizeOf(shape);
  if (data.length !== size) throw new Error(`${data.length} values for shape [${shape}]`);
  const held = heldAs(dtype);
  if (held === 'bool') return tf.tensor(data as Uint8Array, [...shape], 'bool');
  if (held === 'int32') return tf.tensor(narrow(data as ArrayLike<number | bigint>), [...shape], 'int32');
  return tf.tensor(floats(dtype, data), [...shape], 'float32');
}

function floats(dtype: DType, data: TensorData): Float32Array {
  if (dtype === 'float16') return fromHalves(data as Uint16Array);
  if (dtype === 'float32') return data as Float32Array;
  return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
}

/** What exporters write for "as far as it goes". */
const endless = { lowest: -(2n ** 63n), highest: 2n ** 63n - 1n };

/** @throws Error for what 32 bits cannot hold: TensorFlow.js has no wider integers */
function narrow(data: ArrayLike<number | bigint>): Int32Array {
  return Int32Array.from({ length: data.length }, (_, i) => {
    const raw = data[i]!;
    if (raw === endless.highest) return int32.high;
    if (raw === endless.lowest) return int32.low;
    const v = Number(raw);
    if (v < int32.low || v > int32.high) {
      throw new Error(`integer ${raw} does not fit into 32 bits, and TensorFlow.js has no wider integers`);
    }
    return v;
  });
}

function encode(data: ArrayLike<number>, dtype: DType): TensorData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(data);
    case 'float16':
      return toHalves(Float32Array.from(data));
    case 'bfloat16':
      return brains(Float32Array.from(data));
    case 'int64':
      return BigInt64Array.from(Array.from(data, BigInt));
    case 'uint64':
      return BigUint64Array.from(Array.from(data, BigInt));
    case 'int32':
      return Int32Array.from(data);
    case 'uint32':
      return Uint32Array.from(data);
    case 'int16':
      return Int16Array.from(data);
    case 'uint16':
      return Uint16Array.from(data);
    case 'int8':
      return Int8Array.from(data);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(data);
    case 'float64':
    case 'string':
      throw new Error(`TensorFlow.js has no ${dtype}`);
    default:
      return dtype satisfies never;
  }
}

/** The upper halves of float32, rounded to nearest, ties to even. */
function brains(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer);
  return Uint16Array.from(bits, (b) =>
    (b & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16,
  );
}
