/**
 * The codecs that plans and configurations name, as everybody reckons with them. How each writes is in broker/codecs/: a new
 * one is a line here, a file there and a line in its registry.
 */

interface EncodingFacts {
  /** Of a float32 on the wire; other types travel raw. */
  readonly elementBytes: number;
  /** Bytes of float32 encoded a second where no profile says; one slow core is assumed. */
  readonly bytesPerS: { readonly plain: number; readonly deflated: number };
  /** Which of the two is offered where nothing else is asked for: what is exact, and what is cheap and loses little. */
  readonly offered: { readonly plain: boolean; readonly deflated: boolean };
}

/** In order of bytes. */
export const encodings = {
  float32: {
    elementBytes: 4,
    bytesPerS: { plain: 1e9, deflated: 2e7 },
    offered: { plain: true, deflated: false },
  },
  float16: {
    elementBytes: 2,
    bytesPerS: { plain: 1e8, deflated: 2e7 },
    offered: { plain: true, deflated: false },
  },
  uint8: {
    elementBytes: 1,
    bytesPerS: { plain: 1e8, deflated: 3e7 },
    offered: { plain: true, deflated: true },
  },
} as const satisfies Record<string, EncodingFacts>;
export type EncodingName = keyof typeof encodings;

const suffix = '+deflate';
export type CodecName = EncodingName | `${EncodingName}${typeof suffix}`;

const names = Object.keys(encodings) as EncodingName[];
export const codecs: readonly CodecName[] = [...names, ...names.map((name) => `${name}${suffix}` as const)];

/** Deflate loses nothing: what a codec loses its encoding does. */
export function encodingOf(codec: CodecName): EncodingName {
  return (isDeflated(codec) ? codec.slice(0, -suffix.length) : codec) as EncodingName;
}

export const isDeflated = (codec: string): boolean => codec.endsWith(suffix);
export const deflated = (encoding: string): string => encoding + suffix;

const way = (codec: CodecName) => (isDeflated(codec) ? 'deflated' : 'plain');

export const usualBytesPerS = (codec: CodecName): number => encodings[encodingOf(codec)].bytesPerS[way(codec)];

export const defaultCodecs = codecs.filter((codec) => encodings[encodingOf(codec)].offered[way(codec)]);
