import { describe, expect, it } from 'vitest';
import { parseNpy } from '../../../src/model/inputs/npy.ts';
import { npy } from '../../support/npy.ts';

/** np.save(file, np.array([[1.5, -2.0, 3.25]], dtype=np.float32)), NumPy 2.4. */
const written = Buffer.from(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AAAAwAAAUEA=',
  'base64',
);
/** np.save(file, np.asfortranarray(np.arange(6).reshape(2, 3))). */
const columnMajor = Buffer.from(
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAMAAAAAAAAAAQAAAAAAAAAEAAAAAAAAAAIAAAAAAAAABQAAAAAAAAA=',
  'base64',
);

const six = Float32Array.of(0, 1, 2, 3, 4, 5);

describe('a .npy file', () => {
  it('is read as NumPy writes it', () => {
    expect(parseNpy(written)).toEqual({ dtype: 'float32', shape: [1, 3], data: Float32Array.of(1.5, -2, 3.25) });
    const counted = BigInt64Array.from([0n, 1n, 2n, 3n, 4n, 5n]);
    expect(parseNpy(columnMajor)).toEqual({ dtype: 'int64', shape: [2, 3], data: counted });
  });

  it.each([1, 2, 3] as const)('may be of version %i', (version) => {
    expect(parseNpy(npy([2, 3], six, { version }))).toEqual({ dtype: 'float32', shape: [2, 3], data: six });
  });

  it.each([
    ['|b1', 'bool', Uint8Array.of(0, 1)],
    ['|i1', 'int8', Int8Array.of(-1, 2)],
    ['|u1', 'uint8', Uint8Array.of(1, 255)],
    ['<i2', 'int16', Int16Array.of(-300, 2)],
    ['<u2', 'uint16', Uint16Array.of(1, 65535)],
    ['<i4', 'int32', Int32Array.of(-70000, 2)],
    ['<u4', 'uint32', Uint32Array.of(1, 4294967295)],
    ['<i8', 'int64', BigInt64Array.of(-(2n ** 63n), 2n)],
    ['<u8', 'uint64', BigUint64Array.of(1n, 2n ** 64n - 1n)],
    ['<f2', 'float16', Uint16Array.of(0x3c00, 0xc000)],
    ['<f8', 'float64', Float64Array.of(0.1, -1e300)],
  ] as const)('of %s holds %s', (descr, dtype, data) => {
    expect(parseNpy(npy([2], data, { descr }))).toEqual({ dtype, shape: [2], data });
  });

  it('may hold a single number, or nothing', () => {
    expect(parseNpy(npy([], Float32Array.of(7)))).toEqual({ dtype: 'float32', shape: [], data: Float32Array.of(7) });
    const empty = parseNpy(npy([1, 0, 8], new Float32Array(0)));
    expect(empty).toEqual({ dtype: 'float32', shape: [1, 0, 8], data: new Float32Array(0) });
  });

  it('in Fortran order is turned', () => {
    // The columns of [[0, 1, 2], [3, 4, 5]], one after the other.
    const columns = Float32Array.of(0, 3, 1, 4, 2, 5);
    expect(parseNpy(npy([2, 3], columns, { fortran: true })).data).toEqual(six);
    const cube = Float32Array.from({ length: 24 }, (_, i) => i);
    const turned = parseNpy(npy([2, 3, 4], cube, { fortran: true })).data as Float32Array;
    for (const [i, j, k] of [
      [0, 0, 0],
      [1, 0, 0],
      [1, 2, 3],
      [0, 1, 2],
    ] as const) {
      expect(turned[(i * 3 + j) * 4 + k]).toBe(i + 2 * (j + 3 * k));
    }
  });

  const header = (text: string) => npy([2, 3], six, { header: text });
  it.each([
    ['another file', Buffer.from('PNG and so on, long enough to be one'), /no \.npy/],
    ['an empty file', Buffer.alloc(0), /no \.npy/],
    ['one of a version to come', Buffer.from(npy([2, 3], six)).fill(9, 6, 7), /version 9/],
    ['a header cut short', npy([2, 3], six).subarray(0, 40), /ends within its header/],
    ['too few elements', npy([2, 4], six), /24 bytes of elements, shape \[2,4\] of float32 needs 32/],
    ['too many elements', npy([2, 2], six), /24 bytes of elements/],
    ['big-endian numbers', npy([2, 3], six, { descr: '>f4' }), />f4; little-endian/],
    ['objects', npy([2, 3], six, { descr: '|O' }), /\|O; little-endian/],
    ['text', npy([2], new Uint32Array(6), { descr: '<U3' }), /<U3; little-endian/],
    ['the name of a property of every object', npy([2, 3], six, { descr: 'toString' }), /toString; little-endian/],
    ['a record', header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }"), /not that of an array/],
    [
      'code',
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': exit(), }"),
      /not that of an array/,
    ],
    ['a key too many', header("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'a': (1,)}"), /not that of an/],
    ['a key twice', header("{'descr': '<f4', 'shape': (6,), 'shape': (6,), }"), /not that of an array/],
    ['a negative dimension', header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -3), }"), /not that of an/],
    [
      'a huge one',
      header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 9), }"),
      /beyond what is read/,
    ],
  ])('is refused when it is %s', (_, bytes, says) => {
    expect(() => parseNpy(bytes)).toThrow(says);
  });
});
