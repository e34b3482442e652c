/** Values as one writes them on a command line: numbers, true and false, or text for inputs of type string. */
import { toHalves } from '../half.ts';
import { emptyData } from '../onnx/dtype.ts';
import type { DType, Tensor, TensorData } from '../tensor.ts';
import { integerRanges } from './ranges.ts';

/** What is wrong with a value, as the end of a sentence: it is of another kind, or beyond what the type holds. */
export class LiteralError extends Error {
  readonly kind: 'dtype' | 'range';

  constructor(kind: 'dtype' | 'range', message: string) {
    super(message);
    this.kind = kind;
  }
}

const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const infinity = /^[+-]?inf(?:inity)?$/i;
const truth = /^(?:true|false)$/i;

/** The words of a list, or undefined where the text is no list of numbers and truth values: it names a file then. */
export function literals(text: string): readonly string[] | undefined {
  const words = text.split(',').map((word) => word.trim());
  return words.every((word) => number.test(word) || infinity.test(word) || truth.test(word)) ? words : undefined;
}

/**
 * @param words as many as the tensor has elements, or one for all of them
 * @throws LiteralError
 */
export function literalTensor(words: readonly string[], dtype: DType, shape: readonly number[], size: number): Tensor {
  const data = dtype === 'string' ? words : encoded(words, dtype);
  if (data.length === size) return { dtype, shape, data };
  const value = data[0]!;
  if (dtype === 'string') return { dtype, shape, data: Array.from({ length: size }, () => value as string) };
  return { dtype, shape, data: (emptyData(dtype, size) as Float32Array).fill(value as number) };
}

function encoded(words: readonly string[], dtype: Exclude<DType, 'string'>): TensorData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(words, (w) => kept(w, dtype, Math.fround(real(w, dtype))));
    case 'float64':
      return Float64Array.from(words, (w) => kept(w, dtype, real(w, dtype)));
    case 'float16':
      return Uint16Array.from(words, (w) => {
        const [bits = 0] = toHalves(Float32Array.of(real(w, dtype)));
        const [isInfinite, isZero] = [(bits & 0x7fff) === 0x7c00, (bits & 0x7fff) === 0];
        kept(w, dtype, isInfinite ? Number.POSITIVE_INFINITY : isZero ? 0 : 1);
        return bits;
      });
    case 'bfloat16':
      return Uint16Array.from(words, (w) => {
        const bits = new Uint32Array(Float32Array.of(real(w, dtype)).buffer)[0]!;
        // The upper half of a float32, rounded to nearest, ties to even.
        const upper = ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
        kept(w, dtype, new Float32Array(Uint32Array.of(upper << 16).buffer)[0]!);
        return upper;
      });
    case 'bool':
      return Uint8Array.from(words, (w) => {
        if (truth.test(w)) return w.toLowerCase() === 'true' ? 1 : 0;
        if (w === '0' || w === '1') return Number(w);
        throw new LiteralError('dtype', `${w} is neither true nor false`);
      });
    case 'int64':
      return BigInt64Array.from(words, (w) => integer(w, dtype));
    case 'uint64':
      return BigUint64Array.from(words, (w) => integer(w, dtype));
    default: {
      const data = emptyData(dtype, words.length) as Int32Array;
      words.forEach((w, i) => {
        data[i] = Number(integer(w, dtype));
      });
      return data;
    }
  }
}

function real(word: string, dtype: DType): number {
  if (truth.test(word)) throw new LiteralError('dtype', `${word} is no ${dtype}`);
  if (infinity.test(word)) return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(word);
}

/** Refuses a number that the type turned into infinity or zero. */
function kept(word: string, dtype: DType, value: number): number {
  const lost = Number.isFinite(value) ? value === 0 && /[1-9]/.test(word.split(/e/i)[0]!) : !infinity.test(word);
  if (lost) throw new LiteralError('range', `${word} is ${value === 0 ? 'below' : 'beyond'} what ${dtype} can hold`);
  return value;
}

function integer(word: string, dtype: keyof typeof integerRanges): bigint {
  const written = /^[+-]?\d+$/.test(word);
  // 16000.0 and 16e3 are whole numbers too, as long as a double holds them exactly.
  if (!written && !(number.test(word) && Number.isSafeInteger(Number(word)))) {
    throw new LiteralError('dtype', `${word} is no ${dtype}`);
  }
  const value = written ? BigInt(word.replace(/^\+/, '')) : BigInt(Number(word));
  const [low, high] = integerRanges[dtype];
  if (value < low || value > high) throw new LiteralError('range', `${word} is not within ${low} … ${high} (${dtype})`);
  return value;
}
