/** IEEE 754 binary16: half the bytes, 11 significant bits, rounded to nearest, ties to even. */
import { CutlineError } from '../../errors.ts';
import type { TensorData } from '../../model/tensor.ts';
import type { Encoding } from './encoding.ts';

export const float16: Encoding = {
  name: 'float16',
  elementBytes: (dtype) => (dtype === 'float32' ? 2 : undefined),
  write(data, where) {
    const halves = toHalves(float32sOf(data), where);
    return { data: new Uint8Array(halves.buffer), scale: 0, zeroPoint: 0 };
  },
  read({ data }, _dtype, count) {
    const halves = new Uint16Array(Uint8Array.from(data).buffer);
    const table = halfTable();
    const bits = new Uint32Array(count);
    for (let i = 0; i < count; i++) bits[i] = table[halves[i]!]!;
    return new Float32Array(bits.buffer);
  },
};

export function float32sOf(data: TensorData): Float32Array {
  if (!(data instanceof Float32Array)) throw new TypeError('expected float32');
  return data;
}

// 0.5 has the exponent at which one unit in the last place of a float32 is 2⁻²⁴, the smallest half: adding it lets the
// processor round a subnormal half correctly, and subtracting its bits leaves the mantissa.
const HALF_BITS = 0x3f000000;

function toHalves(values: Float32Array, where: string): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  const float = new Float32Array(1);
  const word = new Uint32Array(float.buffer);
  for (let i = 0; i < out.length; i++) {
    const sign = (bits[i]! >>> 16) & 0x8000;
    const magnitude = bits[i]! & 0x7fffffff;
    let half: number;
    if (magnitude < 0x38800000) {
      word[0] = magnitude;
      float[0] = float[0]! + 0.5;
      half = word[0] - HALF_BITS;
    } else if (magnitude < 0x47800000) {
      // Rebias the exponent (127 → 15) and round: half a unit, one more where the kept bit is odd.
      half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
      if (half === 0x7c00) throw tooLarge(values[i]!, where);
    } else if (magnitude >= 0x7f800000) {
      half = magnitude === 0x7f800000 ? 0x7c00 : 0x7e00;
    } else throw tooLarge(values[i]!, where);
    out[i] = sign | half;
  }
  return out;
}

function tooLarge(value: number, where: string): CutlineError {
  return new CutlineError('CODEC_RANGE', { tensor: where, codec: 'float16', problem: `${value} is beyond ±65504` });
}

let table: Uint32Array | undefined;

/** The float32 bits of every half, made at first use (256 KB). */
function halfTable(): Uint32Array {
  if (table) return table;
  const floats = new Float32Array(65536);
  for (let h = 0; h < 65536; h++) {
    const exponent = (h >>> 10) & 31;
    const fraction = h & 1023;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction
            ? Number.NaN
            : Number.POSITIVE_INFINITY
          : (1024 + fraction) * 2 ** (exponent - 25);
    floats[h] = h & 0x8000 ? -magnitude : magnitude;
  }
  return (table = new Uint32Array(floats.buffer));
}
