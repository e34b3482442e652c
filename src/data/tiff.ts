/**
 * What the first picture of a TIFF file says of its samples. libvips reads more kinds than it scales: a mask in place of
 * alpha, halves, signed numbers and white at zero in floats come out of it black or upside down without a word.
 * TIFF 6.0, sections 2 and 8; Adobe's TIFF Technical Notes for sample formats and DNG.
 */

const tags = { subfileType: 254, bits: 258, photometric: 262, extraSamples: 338, sampleFormat: 339, dngVersion: 50706 };

const names = { signed: 2, float: 3, undefined: 4 } as const;
/** White at zero, black at zero, RGB, palette, inks, YCbCr. */
const photometrics = [0, 1, 2, 3, 5, 6];
const WHITE_IS_ZERO = 0;
const RGB = 2;

export interface TiffSamples {
  /** What keeps the picture from being read; undefined where nothing does. */
  readonly problem: string | undefined;
  /** Its last channel is something else than transparency. */
  readonly hasMask: boolean;
}

/** Undefined for what is no TIFF, or has no directory that one could read: the decoder says what is wrong with that. */
export function tiffSamples(bytes: Uint8Array): TiffSamples | undefined {
  const read = directory(bytes);
  if (!read) return undefined;
  const [first] = read(tags.bits) ?? [1];
  const format = read(tags.sampleFormat)?.[0] ?? 1;
  const photometric = read(tags.photometric)?.[0] ?? 1;
  const extra = read(tags.extraSamples) ?? [];
  const problem = () => {
    if (((read(tags.subfileType)?.[0] ?? 0) & 1) === 1 || read(tags.dngVersion)) {
      return 'a raw photo, or another file with a small copy in front';
    }
    if (!photometrics.includes(photometric)) return `its colours are of TIFF's kind ${photometric}`;
    if (new Set(read(tags.bits)).size > 1) return `its channels have ${read(tags.bits)} bits`;
    if (extra.length > 1) return `it has ${extra.length} channels beside its colours`;
    if (format === names.signed) return `its samples are signed numbers of ${first} bits`;
    if (format === names.float && first !== 32) return `its samples are floats of ${first} bits`;
    if (format === names.float && photometric === WHITE_IS_ZERO) return 'its samples are floats with white at zero';
    if (format > names.undefined) return 'its samples are complex numbers';
    if (format !== names.float && first! > 16) return `its samples are whole numbers of ${first} bits`;
    return undefined;
  };
  return { problem: problem(), hasMask: photometric <= RGB && extra[0] === 0 };
}

/** Reads a tag's whole numbers from the first directory. */
function directory(bytes: Uint8Array): ((tag: number) => number[] | undefined) | undefined {
  const order = String.fromCharCode(...bytes.subarray(0, 2));
  if (bytes.length < 8 || (order !== 'II' && order !== 'MM')) return undefined;
  const little = order === 'II';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = view.getUint32(4, little);
  if (view.getUint16(2, little) !== 42 || at + 2 > bytes.length) return undefined;
  const count = view.getUint16(at, little);
  if (at + 2 + 12 * count > bytes.length) return undefined;
  return (tag) => {
    for (let i = 0; i < count; i++) {
      const entry = at + 2 + 12 * i;
      if (view.getUint16(entry, little) !== tag) continue;
      const width = { 1: 1, 3: 2, 4: 4 }[view.getUint16(entry + 2, little)];
      const length = view.getUint32(entry + 4, little);
      if (!width || length > 64) return undefined;
      const from = width * length > 4 ? view.getUint32(entry + 8, little) : entry + 8;
      if (from + width * length > bytes.length) return undefined;
      const value = (offset: number) =>
        width === 1
          ? view.getUint8(offset)
          : width === 2
            ? view.getUint16(offset, little)
            : view.getUint32(offset, little);
      return Array.from({ length }, (_, k) => value(from + width * k));
    }
    return undefined;
  };
}
