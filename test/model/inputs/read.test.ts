/** `--input NAME=VALUE|FILE`: what comes of it, and what is refused with which code. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { TensorProto_DataType as Onnx, TensorProtoSchema } from 'onnx-buf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type DType,
  exampleInputs,
  fromHalves,
  type Graph,
  GraphBuilder,
  type ValueInfo,
} from '../../../src/model/index.ts';
import { readInputs } from '../../../src/model/inputs/read.ts';
import { npy } from '../../support/npy.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-inputs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function taking(...inputs: readonly ValueInfo[]): Graph {
  const graph = new GraphBuilder().build();
  return { ...graph, inputs: [{ name: 'image', dtype: 'float32', shape: ['batch', 3, 8, 8] }, ...inputs] };
}

const one = (dtype: DType, shape: ValueInfo['shape'] = []) => taking({ name: 'x', dtype, shape });
const read = async (graph: Graph, ...texts: string[]) => Object.fromEntries(await readInputs(texts, graph));
const dataOf = async (dtype: DType, text: string) => (await read(one(dtype), `x=${text}`)).x!.data;

describe('a value', () => {
  it.each([
    ['float32', '0.1', Float32Array.of(0.1)],
    ['float32', '-1.5e-3', Float32Array.of(-1.5e-3)],
    ['float32', '-inf', Float32Array.of(Number.NEGATIVE_INFINITY)],
    ['float64', '0.1', Float64Array.of(0.1)],
    ['bfloat16', '1.00390625', Uint16Array.of(0x3f80)],
    ['bfloat16', '3.1415', Uint16Array.of(0x4049)],
    ['int8', '-128', Int8Array.of(-128)],
    ['uint8', '255', Uint8Array.of(255)],
    ['int16', '+7', Int16Array.of(7)],
    ['uint16', '65535', Uint16Array.of(65535)],
    ['int32', '16e3', Int32Array.of(16000)],
    ['uint32', '4294967295', Uint32Array.of(4294967295)],
    ['int64', '9223372036854775807', BigInt64Array.of(2n ** 63n - 1n)],
    ['int64', '16000.0', BigInt64Array.of(16000n)],
    ['uint64', '18446744073709551615', BigUint64Array.of(2n ** 64n - 1n)],
    ['bool', 'true', Uint8Array.of(1)],
    ['bool', 'False', Uint8Array.of(0)],
    ['bool', '1', Uint8Array.of(1)],
    ['string', 'a man, a plan', ['a man, a plan']],
  ] as const)('of %s: %s', async (dtype, text, data) => {
    expect(await dataOf(dtype, text)).toEqual(data);
  });

  it('of float16 is the nearest half', async () => {
    expect(fromHalves((await dataOf('float16', '0.1')) as Uint16Array)[0]).toBeCloseTo(0.1, 4);
  });

  it('alone fills the shape', async () => {
    expect(await read(one('int64', [2, 3]), 'x=7')).toEqual({
      x: { dtype: 'int64', shape: [2, 3], data: new BigInt64Array(6).fill(7n) },
    });
    expect((await read(one('string', [2]), 'x=a')).x).toEqual({ dtype: 'string', shape: [2], data: ['a', 'a'] });
  });

  it('in a list goes to its element', async () => {
    expect((await read(one('float32', [1, 2]), 'x=640, 480')).x!.data).toEqual(Float32Array.of(640, 480));
    expect((await read(one('string', [2]), 'x=a,b')).x!.data).toEqual(['a', 'b']);
  });

  it('is one sample where the batch is symbolic, here or as another input calls it', async () => {
    expect((await read(one('float32', ['n', 2]), 'x=1')).x!.shape).toEqual([1, 2]);
    expect((await read(one('float32', ['', 2]), 'x=1')).x!.shape).toEqual([1, 2]);
    expect((await read(one('float32', [2, 'batch', 4]), 'x=0')).x!.shape).toEqual([2, 1, 4]);
  });

  it('tells a dimension that a list leaves open', async () => {
    expect((await read(one('int64', ['n', 'seq']), 'x=1,2,3')).x!.shape).toEqual([1, 3]);
    await expect(read(one('int64', ['n', 'seq']), 'x=1')).rejects.toMatchObject({ code: 'INPUT_SHAPE', exit: 2 });
    await expect(read(one('int64', ['n', 'seq']), 'x=1')).rejects.toThrow('--shape "x=1,seq"');
  });

  it('goes to the input whose name is the longest that fits', async () => {
    const graph = taking({ name: 'a', dtype: 'string', shape: [] }, { name: 'a=b', dtype: 'float32', shape: [] });
    expect((await read(graph, 'a=b=1'))['a=b']!.data).toEqual(Float32Array.of(1));
    expect((await read(graph, 'a=c=1')).a!.data).toEqual(['c=1']);
  });

  it.each([
    ['float32', '1e39', 'INPUT_RANGE', /beyond what float32/],
    ['float32', '1e-60', 'INPUT_RANGE', /below what float32/],
    ['float64', '1e999', 'INPUT_RANGE', /beyond what float64/],
    ['float16', '65520', 'INPUT_RANGE', /beyond what float16/],
    ['float16', '1e-9', 'INPUT_RANGE', /below what float16/],
    ['bfloat16', '3.4e38', 'INPUT_RANGE', /beyond what bfloat16/],
    ['int8', '128', 'INPUT_RANGE', /-128 … 127/],
    ['uint8', '-1', 'INPUT_RANGE', /0 … 255/],
    ['uint32', '4294967296', 'INPUT_RANGE', /4294967295/],
    ['int64', '9223372036854775808', 'INPUT_RANGE', /9223372036854775807/],
    ['uint64', '-1', 'INPUT_RANGE', /0 … /],
    ['int64', '1.5', 'INPUT_DTYPE', /1.5 is no int64/],
    ['int64', '1e30', 'INPUT_DTYPE', /1e30 is no int64/],
    ['int64', 'inf', 'INPUT_DTYPE', /inf is no int64/],
    ['int64', 'true', 'INPUT_DTYPE', /true is no int64/],
    ['float32', 'true', 'INPUT_DTYPE', /true is no float32/],
    ['bool', '2', 'INPUT_DTYPE', /2 is neither true nor false/],
    ['bool', '0.5', 'INPUT_DTYPE', /neither true nor false/],
    ['float32', '1,2', 'INPUT_SHAPE', /2 values were given, and it takes 1/],
    ['float32', 'nan', 'INPUT_FILE', /no such file, and no number/],
    ['float32', '1;2', 'INPUT_FILE', /no such file, and no number/],
    ['float32', '', 'USAGE', /nothing after the =/],
  ] as const)('of %s is refused: %s', async (dtype, text, code, says) => {
    await expect(dataOf(dtype, text)).rejects.toMatchObject({ code, exit: 2 });
    await expect(dataOf(dtype, text)).rejects.toThrow(says);
  });

  it('that goes nowhere is refused', async () => {
    const graph = one('float32');
    await expect(read(graph, 'y=1')).rejects.toMatchObject({ code: 'INPUT_UNKNOWN' });
    await expect(read(graph, 'y=1')).rejects.toThrow('Its inputs: image, x');
    await expect(read(graph, 'x')).rejects.toMatchObject({ code: 'USAGE' });
    await expect(read(graph, '=1')).rejects.toMatchObject({ code: 'USAGE' });
    await expect(read(graph, 'x=1', 'x=2')).rejects.toThrow(/given twice/);
    const list = taking({ name: 'x', dtype: 'float32', shape: [], unknown: 'type' });
    await expect(read(list, 'x=1')).rejects.toMatchObject({ code: 'INPUT_DTYPE' });
    const ranked = taking({ name: 'x', dtype: 'float32', shape: [], unknown: 'shape' });
    await expect(read(ranked, 'x=1')).rejects.toThrow(/not declared; give a file/);
  });
});

const pb = (fields: Parameters<typeof create<typeof TensorProtoSchema>>[1]) =>
  toBinary(TensorProtoSchema, create(TensorProtoSchema, fields));

describe('advice', () => {
  it('can be typed as it is', () => {
    const inputs: ValueInfo[] = [
      { name: 'sr', dtype: 'int64', shape: [] },
      { name: 'im_shape', dtype: 'float32', shape: ['batch', 2] },
      { name: 'training', dtype: 'bool', shape: [] },
      { name: 'tokens', dtype: 'int64', shape: ['batch', 'seq'] },
      { name: 'mode', dtype: 'string', shape: [1] },
      { name: "it's a/state", dtype: 'float32', shape: [2, 1, 128] },
    ];
    expect(exampleInputs(inputs)).toBe(
      "--input sr=1 --input im_shape=1 --input training=true --input tokens=tokens.npy --input mode=TEXT --input 'it'\\''s a/state=it-s-a-state.npy'",
    );
  });
});

describe('a file', () => {
  it('of NumPy or of ONNX is the value', async () => {
    await writeFile(at('a=b.npy'), npy([1, 2], Float32Array.of(3, 4)));
    const value = { dtype: 'float32', shape: [1, 2], data: Float32Array.of(3, 4) };
    expect((await read(one('float32', ['n', 2]), `x=${at('a=b.npy')}`)).x).toEqual(value);
    await writeFile(at('a.pb'), pb({ name: 'x', dims: [1n, 2n], dataType: Onnx.FLOAT, floatData: [3, 4] }));
    expect((await read(one('float32', ['n', 2]), `x=${at('a.pb')}`)).x).toEqual(value);
    const texts = pb({ dims: [2n], dataType: Onnx.STRING, stringData: [Buffer.from('a,b'), Buffer.from('c')] });
    await writeFile(at('text.pb'), texts);
    expect((await read(one('string', ['n']), `x=${at('text.pb')}`)).x!.data).toEqual(['a,b', 'c']);
    const unranked = taking({ name: 'x', dtype: 'float32', shape: [], unknown: 'shape' });
    expect((await read(unranked, `x=${at('a.pb')}`)).x).toEqual(value);
  });

  it.each([
    ['float64 for float32', 'INPUT_DTYPE', () => npy([1, 2], Float64Array.of(1, 2), { descr: '<f8' }), /holds float64/],
    ['int32 for float32', 'INPUT_DTYPE', () => npy([1, 2], Int32Array.of(1, 2), { descr: '<i4' }), /takes float32/],
    ['of another shape', 'INPUT_SHAPE', () => npy([1, 3], new Float32Array(3)), /holds \[1,3\]/],
    ['of another rank', 'INPUT_SHAPE', () => npy([2], new Float32Array(2)), /holds \[2\]/],
    ['cut short', 'INPUT_FILE', () => npy([1, 2], Float32Array.of(1)), /4 bytes of elements/],
    ['of no kind', 'INPUT_FILE', () => Buffer.from('hello world'), /neither a .npy file nor/],
    ['empty', 'INPUT_FILE', () => Buffer.alloc(0), /neither a .npy file nor/],
    ['an archive', 'INPUT_FILE', () => Buffer.from('PK\x03\x04abc', 'latin1'), /an archive/],
    [
      'of another input',
      'INPUT_FILE',
      () => pb({ name: 'image', dims: [1n, 2n], dataType: 1, floatData: [1, 2] }),
      /of input image/,
    ],
    ['of too few values', 'INPUT_FILE', () => pb({ dims: [1n, 2n], dataType: 1, floatData: [1] }), /values for shape/],
    ['complex', 'INPUT_FILE', () => pb({ dims: [1n], dataType: Onnx.COMPLEX64, floatData: [1, 2] }), /neither/],
    [
      'with its data elsewhere',
      'INPUT_FILE',
      () => pb({ dims: [1n, 2n], dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: 'passwd' }] }),
      /without a folder/,
    ],
  ] as const)('is refused when it is %s', async (_, code, bytes, says) => {
    await writeFile(at('odd'), bytes());
    const graph = one('float32', ['n', 2]);
    await expect(read(graph, `x=${at('odd')}`)).rejects.toMatchObject({ code, exit: 2 });
    await expect(read(graph, `x=${at('odd')}`)).rejects.toThrow(says);
  });

  it('holds no number that its type cannot', async () => {
    await writeFile(at('wide.pb'), pb({ dims: [1n], dataType: Onnx.INT8, int32Data: [300] }));
    await expect(read(one('int8', [1]), `x=${at('wide.pb')}`)).rejects.toMatchObject({ code: 'INPUT_RANGE' });
    await writeFile(at('two.npy'), npy([1], Uint8Array.of(2), { descr: '|b1' }));
    await expect(read(one('bool', [1]), `x=${at('two.npy')}`)).rejects.toThrow(/2 as a truth value/);
  });

  it('that is a folder cannot be read', async () => {
    await expect(read(one('float32'), `x=${folder}`)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
