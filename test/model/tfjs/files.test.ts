/** Files that are broken or mean harm end in one coded error. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadModel, modelSha256, readModel } from '../../../src/model/index.ts';
import { numbers } from '../../support/compare.ts';
import { float, writeModel, writeSequential } from './files.ts';

interface ModelJson {
  modelTopology: unknown;
  weightsManifest: { paths: string[]; weights: Record<string, unknown>[] }[];
}

const dense = () => writeSequential([3], [{ type: 'Dense', config: { use_bias: false }, weights: { kernel: [3, 2] } }]);

function changed(change: (json: ModelJson, folder: string) => void, path = dense()): string {
  const json = JSON.parse(readFileSync(path, 'utf8')) as ModelJson;
  change(json, dirname(path));
  writeFileSync(path, JSON.stringify(json));
  return path;
}

const kernelOf = async (path: string) => numbers((await loadModel(path)).initializers.get('L0/kernel')!);

describe('weights', () => {
  it('run on over the ends of files', async () => {
    const path = writeSequential([3], [{ type: 'Dense', config: { use_bias: false }, weights: { kernel: [3, 2] } }], 5);
    expect(await kernelOf(path)).toEqual([...float('L0/kernel', [3, 2]).data]);
  });

  for (const [dtype, bytes, expected] of [
    ['uint8', Uint8Array.of(0, 1, 2, 3, 4, 255), [1, 1.5, 2, 2.5, 3, 128.5]],
    ['uint16', Uint16Array.of(0, 1, 2, 3, 4, 1000), [1, 1.5, 2, 2.5, 3, 501]],
    ['float16', Uint16Array.of(0x3c00, 0x3800, 0xc000, 0, 0x7bff, 1), [1, 0.5, -2, 0, 65504, 2 ** -24]],
  ] as const) {
    it(`quantised to ${dtype} are read back`, async () => {
      const path = changed((json, folder) => {
        json.weightsManifest[0]!.weights[0]!.quantization = { dtype, scale: 0.5, min: 1 };
        writeFileSync(join(folder, json.weightsManifest[0]!.paths[0]!), new Uint8Array(bytes.buffer));
      });
      expect(await kernelOf(path)).toEqual(expected);
    });
  }

  it('belong to the identity of the model', async () => {
    const path = dense();
    const before = modelSha256(await readModel(path));
    expect(modelSha256(await readModel(path))).toBe(before);
    const shard = join(dirname(path), 'group1-shard1of1.bin');
    const bytes = readFileSync(shard);
    bytes[0]! ^= 1;
    writeFileSync(shard, bytes);
    expect(modelSha256(await readModel(path))).not.toBe(before);
  });

  const wrong: Readonly<Record<string, (json: ModelJson, folder: string) => void>> = {
    'a path out of the folder': (j) => j.weightsManifest[0]!.paths.splice(0, 1, '../w.bin'),
    'an absolute path': (j) => j.weightsManifest[0]!.paths.splice(0, 1, '/etc/passwd'),
    'a link out of the folder': (j, folder) => {
      symlinkSync('/etc/hostname', join(folder, 'link.bin'));
      j.weightsManifest[0]!.paths = ['link.bin'];
    },
    'a file that is not there': (j) => j.weightsManifest[0]!.paths.push('more.bin'),
    'too few bytes': (j) => {
      j.weightsManifest[0]!.weights[0]!.shape = [3, 3];
    },
    'bytes of no tensor': (j) => {
      j.weightsManifest[0]!.weights[0]!.shape = [3, 1];
    },
    'a shape beyond all memory': (j) => {
      j.weightsManifest[0]!.weights[0]!.shape = [2 ** 40, 2 ** 40];
    },
    'a negative extent': (j) => {
      j.weightsManifest[0]!.weights[0]!.shape = [-3, -2];
    },
    'an unknown type': (j) => {
      j.weightsManifest[0]!.weights[0]!.dtype = 'constructor';
    },
    'no manifest': (j) => Reflect.deleteProperty(j, 'weightsManifest'),
    'no weight of that name': (j) => {
      j.weightsManifest[0]!.weights[0]!.name = 'other';
    },
  };
  for (const [what, change] of Object.entries(wrong)) {
    it(`${what} is TFJS_INVALID`, async () => {
      await expect(loadModel(changed(change))).rejects.toMatchObject({ code: 'TFJS_INVALID', exit: 2 });
    });
  }

  it('in a folder instead of a file are refused', async () => {
    const path = changed((j, folder) => {
      mkdirSync(join(folder, 'd'));
      j.weightsManifest[0]!.paths = ['d'];
    });
    await expect(loadModel(path)).rejects.toMatchObject({ name: 'CutlineError', code: 'FILE_UNREADABLE' });
  });
});

describe('topologies', () => {
  it('with a layer that is not known name it', async () => {
    const path = writeSequential([3], [{ type: 'Capsule' }]);
    await expect(loadModel(path)).rejects.toMatchObject({
      code: 'TFJS_UNSUPPORTED',
      message: expect.stringMatching(/L0 \(Capsule\)/),
    });
  });

  it('with an operator that is not known name node and operator', async () => {
    const attr = { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '3' }] } } };
    const node = [
      { name: 'x', op: 'Placeholder', attr },
      { name: 'boxes', op: 'NonMaxSuppressionV5', input: ['x'] },
    ];
    const call = loadModel(writeModel({ node }, []));
    await expect(call).rejects.toMatchObject({
      code: 'TFJS_UNSUPPORTED',
      message: expect.stringMatching(/boxes \(NonMaxSuppressionV5\)/),
    });
  });

  it('that go in a circle are refused', async () => {
    const node = [
      { name: 'a', op: 'Relu', input: ['b'] },
      { name: 'b', op: 'Relu', input: ['a'] },
    ];
    await expect(loadModel(writeModel({ node }, []))).rejects.toMatchObject({ code: 'TFJS_INVALID' });
  });

  const placeholder = {
    name: 'x',
    op: 'Placeholder',
    attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '4' }] } } },
  };
  const signature = { signature: { outputs: { y: { name: 'y:0' } } } };

  it.each([
    ['a NoOp between two nodes', { name: 'order', op: 'NoOp', input: ['^r'] }, ['r', '^order']],
    ['an Assert beside them', { name: 'order', op: 'Assert', input: ['r', 'r'] }, ['r', '^order']],
    ['a CheckNumerics between them', { name: 'order', op: 'CheckNumerics', input: ['r'] }, ['order']],
    ['a Print of one of them', { name: 'order', op: 'Print', input: ['r', 'x'] }, ['order']],
    ['an operator without a rule that nothing reads', { name: 'order', op: 'HashTableV2' }, ['r']],
  ])('with %s are imported without it', async (_, extra, reads) => {
    const node = [placeholder, { name: 'r', op: 'Relu', input: ['x'] }, extra, { name: 'y', op: 'Neg', input: reads }];
    for (const more of [signature, {}]) {
      if (extra.op === 'HashTableV2' && more !== signature) continue;
      const graph = await loadModel(writeModel({ node }, [], more));
      expect(graph.nodes.map((n) => n.op)).toEqual(['Relu', 'Neg']);
      expect(graph.outputs).toHaveLength(1);
    }
  });

  it('that read what makes no tensor are refused, by node', async () => {
    const node = [
      placeholder,
      { name: 'order', op: 'NoOp', input: ['^x'] },
      { name: 'y', op: 'Neg', input: ['order'] },
    ];
    await expect(loadModel(writeModel({ node }, [], signature))).rejects.toMatchObject({
      code: 'TFJS_UNSUPPORTED',
      message: expect.stringContaining('order (NoOp) cannot be imported: it makes no tensor'),
    });
  });

  it('with loops of TensorFlow 1 are sound files that are not supported: the operator is named', async () => {
    const node = [
      placeholder,
      { name: 'enter', op: 'Enter', input: ['x'] },
      { name: 'merge', op: 'Merge', input: ['enter', 'next'] },
      { name: 'cond', op: 'LoopCond', input: ['merge'] },
      { name: 'switch', op: 'Switch', input: ['merge', 'cond'] },
      { name: 'next', op: 'NextIteration', input: ['switch:1'] },
      { name: 'y', op: 'Exit', input: ['switch'] },
    ];
    await expect(loadModel(writeModel({ node }, [], signature))).rejects.toMatchObject({
      code: 'TFJS_UNSUPPORTED',
      message: expect.stringMatching(/enter \(Enter\).*loops and branches/),
    });
  });

  it.each(['While', 'StatelessWhile', 'If', 'StatelessIf', 'TensorListReserve', 'TensorArrayV3', 'RefSwitch'])(
    'with %s: the same',
    async (op) => {
      const node = [placeholder, { name: 'y', op, input: ['x'] }];
      await expect(loadModel(writeModel({ node }, [], signature))).rejects.toMatchObject({
        code: 'TFJS_UNSUPPORTED',
        message: expect.stringContaining(`y (${op})`),
      });
    },
  );

  it('damaged anywhere load or end in one coded error', async () => {
    const path = writeSequential(
      [4, 4, 2],
      [
        { type: 'Conv2D', config: { padding: 'same', use_bias: false }, weights: { kernel: [3, 3, 2, 2] } },
        {
          type: 'BatchNormalization',
          config: { axis: -1 },
          weights: { gamma: [2], beta: [2], moving_mean: [2], moving_variance: [2] },
        },
        { type: 'Flatten' },
      ],
    );
    const whole = readFileSync(path, 'utf8');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.constantFrom('', '0', '-1', '"', '}', 'null', '[', '9'),
        async (at, put) => {
          writeFileSync(path, whole.slice(0, at) + put + whole.slice(at + 1));
          await loadModel(path).catch((error: unknown) =>
            expect(error).toMatchObject({ name: 'CutlineError', exit: 2 }),
          );
        },
      ),
      { numRuns: 300, seed: 4 },
    );
  });
});
