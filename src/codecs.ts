/**
 * The codecs that plans and configurations name, as everybody reckons with them. How each writes is in broker/codecs/: a new
 * one is a line here, a file there and a line in its registry.
 */

interface EncodingFacts {
  /**
   * Bits of a float32 on the wire; other types travel raw. `levels`: what is sent has to be a code (numeric/code.ts), an element
   * takes the bits that tell its levels apart, and the zeros at the end of a row take none. `picture`: the picture as a file, of
   * some 2 bits an element until it is measured.
   */
  readonly elementBits: number | 'levels' | 'picture';
  /** What is read is what was written. */
  readonly lossless: boolean;
  /**
   * Bytes of float32 encoded a second where no profile says; one slow core is assumed. Left out where it is not deflated: the
   * length of what is would tell something of the picture.
   */
  readonly bytesPerS: { readonly plain: number; readonly deflated?: number };
  /**
   * Which of the two is offered where nothing else is asked for: what is exact, and what is cheap and loses little. `measured`: where
   * accuracy or agreement is asked for, so that what it loses is measured.
   */
  readonly offered: { readonly plain: boolean | 'measured'; readonly deflated?: boolean | 'measured' };
}

/** In order of bytes, as nearly as that can be said; pictures last. */
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
  'uint8-per-channel': {
    elementBits: 8,
    lossless: false,
    bytesPerS: { plain: 1e8, deflated: 3e7 },
    offered: { plain: 'measured', deflated: 'measured' },
  },
  uint4: {
    elementBits: 4,
    lossless: false,
    bytesPerS: { plain: 1e8, deflated: 4e7 },
    offered: { plain: 'measured', deflated: 'measured' },
  },
  topk: {
    elementBits: 3,
    lossless: false,
    bytesPerS: { plain: 4e7, deflated: 2e7 },
    offered: { plain: 'measured', deflated: 'measured' },
  },
  code: {
    elementBits: 'levels',
    lossless: true,
    bytesPerS: { plain: 1e8 },
    offered: { plain: true },
  },
  png: { elementBits: 'picture', lossless: false, bytesPerS: { plain: 1e8 }, offered: { plain: true } },
  webp: { elementBits: 'picture', lossless: false, bytesPerS: { plain: 2e7 }, offered: { plain: true } },
  jpeg: { elementBits: 'picture', lossless: false, bytesPerS: { plain: 2e8 }, offered: { plain: true } },
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

/** It carries the picture itself, as a file: of the input of a network alone. */
export const carriesPictures = (codec: CodecName): boolean => encodings[encodingOf(codec)].elementBits === 'picture';

/** How long a message is depends on the picture, as whoever sees it go by can tell, encrypted or not. */
export const lengthVaries = (codec: CodecName): boolean => isDeflated(codec) || carriesPictures(codec);

const way = (codec: CodecName) => (isDeflated(codec) ? 'deflated' : 'plain');

export const usualBytesPerS = (codec: CodecName): number => factsOf(encodingOf(codec)).bytesPerS[way(codec)]!;

/** @param measured what a codec loses is measured, and held against what is asked for */
export const offeredCodecs = (measured: boolean): readonly CodecName[] =>
  codecs.filter((codec) => {
    const offered = factsOf(encodingOf(codec)).offered[way(codec)];
    return offered === true || (measured && offered === 'measured');
  });

export const defaultCodecs = offeredCodecs(false);
