/** IEEE 754 binary16, from its definition: sign, 5 bits of exponent (bias 15), 10 bits of fraction. */

export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Nearest half, ties to even. */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  // Below 2^-14 the spacing is 2^-24 (subnormals); above, 2^(exponent-10).
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  const steps = roundHalfToEven(magnitude / 2 ** (exponent - 10));
  // A carry out of the fraction runs into the exponent, as it should.
  const bits = steps + (exponent + 14) * 1024;
  return sign | (magnitude === 0 ? 0 : Math.min(bits, 0x7c00));
}

/** bfloat16: sign, 8 bits of exponent, 7 of fraction, which are the upper half of a float32. */
export function fromBrain(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
}

/** Nearest bfloat16, ties to even. */
export function toBrain(value: number): number {
  if (!Number.isFinite(value)) return new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;
  const step = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -126) - 7);
  const near = value === 0 ? value : roundHalfToEven(value / step) * step;
  return new Uint32Array(Float32Array.of(near).buffer)[0]! >>> 16;
}

export function roundHalfToEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
