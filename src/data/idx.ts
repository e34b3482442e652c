/** The IDX format of MNIST: magic 00 00 08 rank, big-endian sizes, bytes. http://yann.lecun.com/exdb/mnist/ */
import { CutlineError } from '../errors.ts';

export interface IdxArray {
  readonly sizes: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * @param path names the file in errors
 * @param rank the number of dimensions expected
 * @throws CutlineError DATA_MALFORMED
 */
export function parseIdx(bytes: Uint8Array, path: string, rank: number): IdxArray {
  const malformed = (problem: string) => new CutlineError('DATA_MALFORMED', { path, problem });
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) throw malformed(`${bytes.length} bytes are too few for an IDX header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expected = (UNSIGNED_BYTE << 8) | rank;
  if (magic !== expected) {
    throw malformed(
      `not an IDX file of bytes with ${rank} dimensions (starts with ${hex(magic)}, not ${hex(expected)})`,
    );
  }
  const sizes = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const wanted = sizes.reduce((product, size) => product * size, 1);
  const found = bytes.length - headerBytes;
  if (wanted !== found) throw malformed(`the header says ${sizes.join('×')} bytes, ${found} follow it`);
  return { sizes, data: bytes.subarray(headerBytes) };
}

const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
