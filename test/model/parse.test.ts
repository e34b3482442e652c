import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { type ModelProto, ModelProtoSchema, TensorProto_DataLocation, TensorProto_DataType } from 'onnx-buf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CutlineError } from '../../src/errors.ts';
import {
  type DType,
  encodeModel,
  type Graph,
  GraphBuilder,
  loadModel,
  parseModel,
  saveModel,
} from '../../src/model/index.ts';
import { networks } from '../support/networks.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-model-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const small = encodeModel(networks.residual.build());

/** The bytes of a small model after a change to its protobuf. */
function changed(change: (m: ModelProto) => void, bytes = small): Uint8Array {
  const m = fromBinary(ModelProtoSchema, bytes);
  change(m);
  return toBinary(ModelProtoSchema, m);
}

const codeOf = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    if (error instanceof CutlineError) return error.code;
    throw error;
  }
  return 'none';
};

test.each(Object.entries(networks))('%s survives writing and reading', (_, { build }) => {
  const graph = parseModel(encodeModel(build()));
  expect(parseModel(encodeModel(graph))).toEqual(graph);
  expect(graph.nodes).toEqual(build().nodes);
});

test('writing equals what protobuf itself would write', () => {
  expect(changed(() => {})).toHaveLength(small.length);
});

test('every element type is read, raw or from its typed field', () => {
  const T = TensorProto_DataType;
  const cases: [DType, number, Record<string, unknown>, readonly (number | bigint)[]][] = [
    ['float32', T.FLOAT, { floatData: [1.5, -2] }, [1.5, -2]],
    ['float64', T.DOUBLE, { doubleData: [1.5, -2] }, [1.5, -2]],
    ['float16', T.FLOAT16, { int32Data: [0x3c00, 0xc000] }, [0x3c00, 0xc000]],
    ['bfloat16', T.BFLOAT16, { int32Data: [0x3f80, 0xbf80] }, [0x3f80, 0xbf80]],
    ['int8', T.INT8, { int32Data: [-1, 5] }, [-1, 5]],
    ['uint8', T.UINT8, { int32Data: [200, 5] }, [200, 5]],
    ['int16', T.INT16, { int32Data: [-300, 5] }, [-300, 5]],
    ['uint16', T.UINT16, { int32Data: [60000, 5] }, [60000, 5]],
    ['int32', T.INT32, { int32Data: [-7, 5] }, [-7, 5]],
    ['uint32', T.UINT32, { uint64Data: [4000000000n, 5n] }, [4000000000, 5]],
    ['int64', T.INT64, { int64Data: [-7n, 5n] }, [-7n, 5n]],
    ['uint64', T.UINT64, { uint64Data: [2n ** 63n, 5n] }, [2n ** 63n, 5n]],
    ['bool', T.BOOL, { int32Data: [1, 0] }, [1, 0]],
  ];
  for (const [dtype, dataType, field, values] of cases) {
    const typed = changed((m) => {
      m.graph!.initializer.push({
        ...create(ModelProtoSchema, { graph: { initializer: [{ name: 'w', dims: [2n], dataType, ...field }] } }).graph!
          .initializer[0]!,
      });
    });
    const w = parseModel(typed).initializers.get('w')!;
    expect([w.dtype, [...w.data]]).toEqual([dtype, values]);
    // Written raw, read back.
    expect(parseModel(encodeModel(parseModel(typed))).initializers.get('w')).toEqual(w);
  }
});

test('old files that list weights as inputs have only their real inputs', () => {
  const bytes = changed((m) => {
    m.irVersion = 3n;
    for (const t of m.graph!.initializer) {
      const value = create(ModelProtoSchema, { graph: { input: [{ name: t.name }] } }).graph!.input[0]!;
      m.graph!.input.push(value);
    }
  });
  expect(parseModel(bytes).inputs.map((v) => v.name)).toEqual(['input']);
});

test('unsorted nodes are sorted; attributes of unknown kind are kept', () => {
  const bytes = changed((m) => {
    m.graph!.node.reverse();
    m.graph!.node[0]!.attribute.push(
      ...create(ModelProtoSchema, {
        graph: { node: [{ attribute: [{ name: 'sparse', type: 11, sparseTensor: { dims: [3n] } }] }] },
      }).graph!.node[0]!.attribute,
    );
  });
  const graph = parseModel(bytes);
  expect(graph.nodes[0]?.name).toBe('conv0');
  const again = fromBinary(ModelProtoSchema, encodeModel(graph));
  const kept = again.graph!.node.flatMap((n) => n.attribute).find((a) => a.name === 'sparse');
  expect(kept?.sparseTensor?.dims).toEqual([3n]);
});

describe('refused, each with its code:', () => {
  const node = (m: ModelProto, i: number) => m.graph!.node[i]!;
  const cases: [string, string, () => Uint8Array][] = [
    ['an empty file', 'MODEL_INVALID', () => new Uint8Array()],
    ['text', 'MODEL_INVALID', () => new TextEncoder().encode('hello, this is not a model')],
    ['a truncated file', 'MODEL_INVALID', () => small.slice(0, small.length - 100)],
    ['a protobuf without a graph', 'MODEL_INVALID', () => changed((m) => delete m.graph)],
    [
      'no IR version',
      'MODEL_INVALID',
      () =>
        changed((m) => {
          m.irVersion = 0n;
        }),
    ],
    [
      'no opset',
      'MODEL_INVALID',
      () =>
        changed((m) => {
          m.opsetImport = [];
        }),
    ],
    [
      'an opset too old',
      'MODEL_VERSION',
      () =>
        changed((m) => {
          m.opsetImport[0]!.version = 8n;
        }),
    ],
    [
      'an opset too new',
      'MODEL_VERSION',
      () =>
        changed((m) => {
          m.opsetImport[0]!.version = 99n;
        }),
    ],
    [
      'an IR version too new',
      'MODEL_VERSION',
      () =>
        changed((m) => {
          m.irVersion = 99n;
        }),
    ],
    [
      'a cycle',
      'MODEL_INVALID',
      () =>
        changed((m) => {
          node(m, 0).input[0] = node(m, 5).output[0]!;
        }),
    ],
    [
      'an attribute given twice',
      'MODEL_INVALID',
      () =>
        changed((m) => {
          const { attribute } = m.graph!.node.find((n) => n.attribute.length > 0)!;
          attribute.push(attribute[0]!);
        }),
    ],
    [
      'an attribute with a value of another type than it says',
      'MODEL_INVALID',
      () =>
        changed((m) => {
          m.graph!.node.find((n) => n.attribute.length > 0)!.attribute[0]!.f = 2;
        }),
    ],
    [
      'a weight declared as an input of another shape',
      'MODEL_INVALID',
      () =>
        changed((m) => {
          m.graph!.input.push({ ...m.graph!.input[0]!, name: m.graph!.initializer[0]!.name });
        }),
    ],
    [
      'a name defined twice',
      'MODEL_INVALID',
      () =>
        changed((m) => {
          node(m, 1).output[0] = node(m, 0).output[0]!;
        }),
    ],
    [
      'an undefined tensor',
      'MODEL_INVALID',
      () =>
        changed((m) => {
          node(m, 0).input[0] = 'nowhere';
        }),
    ],
    [
      'an unknown domain',
      'MODEL_OPERATOR_DOMAIN',
      () =>
        changed((m) => {
          node(m, 3).domain = 'acme';
        }),
    ],
    [
      'too few values',
      'MODEL_INVALID',
      () =>
        changed((m) => {
          m.graph!.initializer[0]!.dims = [1000n];
        }),
    ],
    [
      'more values than memory',
      'MODEL_TOO_LARGE',
      () =>
        changed((m) => {
          m.graph!.initializer[0]!.dims = [2n ** 40n];
        }),
    ],
    [
      'an element type we do not read',
      'MODEL_DTYPE',
      () =>
        changed((m) => {
          m.graph!.initializer[0]!.dataType = 14;
        }),
    ],
  ];
  test.each(cases)('%s', (_, code, bytes) => {
    expect(codeOf(() => parseModel(bytes()))).toBe(code);
  });

  test('the unknown operator is named', () => {
    const bytes = changed((m) => {
      node(m, 3).domain = 'acme';
    });
    expect(() => parseModel(bytes, { path: 'm.onnx' })).toThrowError(
      /m\.onnx: node a_conv1 uses operator Conv of domain acme/,
    );
  });
});

test('operators of onnxruntime and model-local functions are accepted', () => {
  const bytes = changed((m) => {
    m.graph!.node[3]!.domain = 'com.microsoft';
    m.graph!.node[6]!.domain = 'mine';
    m.functions.push(...create(ModelProtoSchema, { functions: [{ name: 'Conv', domain: 'mine' }] }).functions);
  });
  const graph = parseModel(bytes);
  expect(fromBinary(ModelProtoSchema, encodeModel(graph)).functions[0]?.domain).toBe('mine');
});

describe('external data', () => {
  /** A model whose first weight lies in another file. */
  async function external(entries: Record<string, string>, name = 'm.onnx'): Promise<string> {
    const path = join(folder, 'model', name);
    await mkdir(join(folder, 'model'), { recursive: true });
    const bytes = changed((m) => {
      const t = m.graph!.initializer[0]!;
      const raw = Buffer.alloc(8 + t.rawData.length);
      raw.set(t.rawData, 8);
      weights = raw;
      t.rawData = new Uint8Array();
      t.dataLocation = TensorProto_DataLocation.EXTERNAL;
      t.externalData = create(ModelProtoSchema, {
        graph: { initializer: [{ externalData: Object.entries(entries).map(([key, value]) => ({ key, value })) }] },
      }).graph!.initializer[0]!.externalData;
    });
    await writeFile(path, bytes);
    return path;
  }
  let weights: Buffer;
  const load = async (path: string): Promise<Graph | string> => {
    try {
      return await loadModel(path);
    } catch (error) {
      return error instanceof CutlineError ? `${error.code} ${error.message}` : Promise.reject(error);
    }
  };

  test('is read at its offset and written inside', async () => {
    const path = await external({ location: 'weights.bin', offset: '8' });
    await writeFile(join(folder, 'model', 'weights.bin'), weights);
    const graph = await loadModel(path);
    expect(graph.initializers).toEqual(parseModel(small).initializers);
    await saveModel(graph, join(folder, 'whole.onnx'));
    expect((await loadModel(join(folder, 'whole.onnx'))).initializers).toEqual(graph.initializers);
  });

  test('must be there, long enough, and inside the folder of the model', async () => {
    await writeFile(join(folder, 'secret.bin'), Buffer.alloc(10_000));
    await mkdir(join(folder, 'model'), { recursive: true });
    await symlink(join(folder, 'secret.bin'), join(folder, 'model', 'link.bin'));
    const refused: Record<string, string>[] = [
      { location: 'missing.bin' },
      { location: '../secret.bin' },
      { location: 'link.bin' },
      { location: join(folder, 'secret.bin') },
      { location: '' },
      { location: '.' },
      { location: 'weights.bin', offset: '1000000' },
      { location: 'weights.bin', offset: '-8' },
      { location: 'weights.bin', length: '7' },
      { location: 'weights.bin', length: '1e99' },
    ];
    for (const entries of refused)
      expect(await load(await external(entries)), JSON.stringify(entries)).toMatch(/^MODEL_EXTERNAL_DATA /);
  });

  test('in a FIFO is refused, not waited for', async () => {
    await mkdir(join(folder, 'model'), { recursive: true });
    execFileSync('mkfifo', [join(folder, 'model', 'fifo.bin')]);
    expect(await load(await external({ location: 'fifo.bin' }))).toMatch(/^MODEL_EXTERNAL_DATA .*not a regular file/);
  });

  test('cannot be read from bytes without a folder', async () => {
    const bytes = changed((m) => {
      m.graph!.initializer[0]!.dataLocation = TensorProto_DataLocation.EXTERNAL;
    });
    expect(codeOf(() => parseModel(bytes))).toBe('MODEL_EXTERNAL_DATA');
  });
});

test('truncated and mutated files never end in anything but a coded error', () => {
  const source = encodeModel(networks.transformer.build());
  const flips = fc.array(fc.tuple(fc.nat(source.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.nat(source.length), flips, fc.boolean(), (length, changes, cut) => {
      const bytes = source.slice(0, cut ? length : source.length);
      // Half of the changes go where the structure is, not the weights.
      for (const [at, value] of changes) bytes[at % 2 ? at % bytes.length : at % Math.min(3000, bytes.length)] = value;
      try {
        encodeModel(parseModel(bytes));
      } catch (error) {
        if (!(error instanceof CutlineError)) throw error;
      }
    }),
    { numRuns: 1500 },
  );
});

test('any bytes at all: the same', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(codeOf(() => parseModel(bytes))).toMatch(/^MODEL_/);
    }),
    { numRuns: 1000 },
  );
});

test('an empty graph with nothing but an output is refused', () => {
  const b = new GraphBuilder(17);
  b.output('y');
  expect(codeOf(() => parseModel(encodeModel(b.build())))).toBe('MODEL_INVALID');
});
