/**
 * Floats of 16 bits, as bit patterns: IEEE 754 binary16 with 11 significant bits, and bfloat16, which is the upper half of a
 * float32. Both round to nearest, ties to even.
 */

// 0.5 has the exponent at which one unit in the last place of a float32 is 2⁻²⁴, the smallest half: adding it lets the
// processor round a subnormal half correctly, and subtracting its bits leaves the mantissa.
const HALF_BITS = 0x3f000000;

/** Bit patterns of the nearest halves; what is beyond ±65504 becomes infinite. */
export function toHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
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
    } else half = magnitude > 0x7f800000 ? 0x7e00 : 0x7c00;
    out[i] = sign | half;
  }
  return out;
}

/** @param halves bit patterns */
export function fromHalves(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const table = halfTable();
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < bits.length; i++) bits[i] = table[halves[i]!]!;
  return new Float32Array(bits.buffer);
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

/** Bit patterns of the nearest bfloat16. */
export function toBrainFloats(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (b) => {
    if ((b & 0x7fffffff) > 0x7f800000) return (b >>> 16) | 0x40;
    return (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
  });
}

/** @param brains bit patterns of bfloat16 */
export function fromBrainFloats(brains: Uint16Array): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint32Array.from(brains, (b) => b << 16).buffer);
}
