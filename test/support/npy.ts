/** Files as `numpy.save` writes them. */

export interface NpyOptions {
  /** Default `<f4`. */
  readonly descr?: string;
  readonly fortran?: boolean;
  readonly version?: 1 | 2 | 3;
  /** In place of the header that belongs to it. */
  readonly header?: string;
}

/** @param elements little-endian, as they lie in the file */
export function npy(shape: readonly number[], elements: ArrayBufferView, options: NpyOptions = {}): Buffer {
  const { descr = '<f4', fortran = false, version = 1 } = options;
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const order = fortran ? 'True' : 'False';
  const header = options.header ?? `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${dims}), }`;
  const lengthBytes = version === 1 ? 2 : 4;
  const padded = `${header.padEnd(Math.ceil((header.length + 9 + lengthBytes) / 64) * 64 - 9 - lengthBytes)}\n`;
  const start = Buffer.alloc(8 + lengthBytes);
  start.write('\x93NUMPY', 'latin1');
  start[6] = version;
  start.writeUIntLE(padded.length, 8, lengthBytes);
  const bytes = Buffer.from(elements.buffer, elements.byteOffset, elements.byteLength);
  return Buffer.concat([start, Buffer.from(padded, 'latin1'), bytes]);
}
