/**
 * The codecs that plans and configurations name, as everybody reckons with them. How each writes is in broker/codecs/: a new
 * one is a line here, a file there and a line in its registry.
 */

interface EncodingFacts {
  /**
   * Bits of a float32 on the wire; other types travel raw. `levels`: what is sent has to be a code (numeric/code.ts), an element
   * takes the bits that tell its levels apart, and the zeros at the end of a row take none.
   */
  readonly elementBits: number | 'levels';
  /** What is read is what was written. */
  readonly lossless: boolean;
  /**
   * Bytes of float32 encoded a second where no profile says; one slow core is assumed. Left out where it is not deflated: the
   * length of what is would tell something of the picture.
   */
  readonly bytesPerS: { readonly plain: number; readonly deflated?: number };
  /** Which of the two is offered where nothing else is asked for: what is exact, and what is cheap and loses little. */
  readonly offered: { readonly plain: boolean; readonly deflated?: boolean };
}

/** In order of bytes. */
export const encodings = {
  float32: {
    elementBits: 32,
    lossless: true,
    bytesPerS: { plain: 1e9, deflated: 2e7 },
    offered: { plain: true, deflated: false },
  },
  float16: {
    elementBits: 16,
    lossless: false,
    bytesPerS: { plain: 1e8, deflated: 2e7 },
    offered: { plain: true, deflated: false },
  },
  uint8: {
    elementBits: 8,
    lossless: false,
    bytesPerS: { plain: 1e8, deflated: 3e7 },
    offered: { plain: true, deflated: true },
  },
  code: {
    elementBits: 'levels',
    lossless: true,
    bytesPerS: { plain: 1e8 },
    offered: { plain: true },
  },
} as const satisfies Record<string, EncodingFacts>;
export type EncodingName = keyof typeof encodings;

type Deflatable = {
  [E in EncodingName]: (typeof encodings)[E]['bytesPerS'] extends { readonly deflated: number } ? E : never;
}[EncodingName];

const suffix = '+deflate';
export type CodecName = EncodingName | `${Deflatable}${typeof suffix}`;

const names = Object.keys(encodings) as EncodingName[];
const factsOf = (name: EncodingName): EncodingFacts => encodings[name];

export const isDeflatable = (name: EncodingName): name is Deflatable => factsOf(name).bytesPerS.deflated !== undefined;
export const codecs: readonly CodecName[] = [
  ...names,
  ...names.filter(isDeflatable).map((name) => `${name}${suffix}` as const),
];

/** Deflate loses nothing: what a codec loses its encoding does. */
export function encodingOf(codec: CodecName): EncodingName {
  return (isDeflated(codec) ? codec.slice(0, -suffix.length) : codec) as EncodingName;
}

export const isDeflated = (codec: string): boolean => codec.endsWith(suffix);
export const deflated = (encoding: string): string => encoding + suffix;

/** What is read is what was written, wherever the codec can write at all. */
export function isLossless(codec: string): boolean {
  const known = codecs.find((name) => name === codec);
  return known !== undefined && encodings[encodingOf(known)].lossless;
}

/** It carries codes alone: what is sent is discrete, and a message has as many bits as its plan says. */
export const carriesCodes = (codec: CodecName): boolean => encodings[encodingOf(codec)].elementBits === 'levels';

const way = (codec: CodecName) => (isDeflated(codec) ? 'deflated' : 'plain');

export const usualBytesPerS = (codec: CodecName): number => factsOf(encodingOf(codec)).bytesPerS[way(codec)]!;

export const defaultCodecs = codecs.filter((codec) => factsOf(encodingOf(codec)).offered[way(codec)]);
