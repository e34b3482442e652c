/** TIFF files of any kind of sample: little endian, one strip, nothing packed. */
export interface TiffOptions {
  readonly width: number;
  readonly height: number;
  /** Channels of a pixel, those beside the colours included. */
  readonly samples: number;
  readonly bits: number;
  /** Of a sample: 1 whole, 2 signed, 3 float. Default 1. */
  readonly format?: number;
  /** 0 white is zero, 1 black is zero, 2 RGB, 5 inks. */
  readonly photometric: number;
  readonly pixels: ArrayBufferView;
  /** Other tags, of 16-bit numbers: 338 is what the channels beside the colours are, 274 the orientation. */
  readonly more?: Readonly<Record<number, readonly number[]>>;
}

const SHORT = 3;
const LONG = 4;

export function tiff({
  width,
  height,
  samples,
  bits,
  format = 1,
  photometric,
  pixels,
  more = {},
}: TiffOptions): Buffer {
  const strip = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const each = (value: number) => Array.from({ length: samples }, () => value);
  const entries: [tag: number, type: number, values: readonly number[]][] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, each(bits)],
    [259, SHORT, [1]],
    [262, SHORT, [photometric]],
    [273, LONG, [0]],
    [277, SHORT, [samples]],
    [278, LONG, [height]],
    [279, LONG, [strip.length]],
    [339, SHORT, each(format)],
    ...Object.entries(more).map(([tag, values]): [number, number, readonly number[]] => [Number(tag), SHORT, values]),
  ];
  entries.sort(([a], [b]) => a - b);
  const directory = Buffer.alloc(8 + 2 + 12 * entries.length + 4);
  directory.write('II*\0', 'latin1');
  directory.writeUInt32LE(8, 4);
  directory.writeUInt16LE(entries.length, 8);
  const long = entries
    .map(([, type, values]) => bytesOf(type, values))
    .map((b) => (b.length > 4 ? b : Buffer.alloc(0)));
  const stripAt = directory.length + long.reduce((sum, b) => sum + b.length, 0);
  let next = directory.length;
  for (const [i, [tag, type, values]] of entries.entries()) {
    const at = 10 + 12 * i;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(values.length, at + 4);
    if (tag === 273) directory.writeUInt32LE(stripAt, at + 8);
    else if (long[i]!.length > 0) directory.writeUInt32LE(next, at + 8);
    else bytesOf(type, values).copy(directory, at + 8);
    next += long[i]!.length;
  }
  return Buffer.concat([directory, ...long, strip]);
}

function bytesOf(type: number, values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * (type === SHORT ? 2 : 4));
  for (const [i, value] of values.entries()) {
    if (type === SHORT) bytes.writeUInt16LE(value, 2 * i);
    else bytes.writeUInt32LE(value, 4 * i);
  }
  return bytes;
}
