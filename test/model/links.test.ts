/** Caches that keep links in one folder and the files under their digests in another, as Hugging Face's does. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../src/model/index.ts';
import { numbers } from '../support/compare.ts';
import { node, onnxFile, tensorType, value } from '../support/onnx.ts';
import { float, writeModel } from './tfjs/files.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cutline-cache-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const weights = Float32Array.of(1.5, -2);

/** y = x + w, with w in another file. */
const model = (location: string) =>
  onnxFile({
    input: [value('x', tensorType('float32', [2]))],
    output: [value('y', tensorType('float32', [2]))],
    initializer: [
      { name: 'w', dataType: 1, dims: [2n], dataLocation: 1, externalData: [{ key: 'location', value: location }] },
    ],
    node: [node('Add', ['x', 'w'], ['y'])],
  });

/** Writes blobs/…, and links to them from snapshots/…; the links are relative, as the cache makes them. */
async function cached(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const blobs = join(root, name, 'blobs');
  const snapshot = join(root, name, 'snapshots', 'c0ffee');
  await mkdir(blobs, { recursive: true });
  for (const [i, [path, bytes]] of Object.entries(files).entries()) {
    const blob = join(blobs, `${i}`.repeat(64));
    await writeFile(blob, bytes);
    await mkdir(dirname(join(snapshot, path)), { recursive: true });
    await symlink(relative(dirname(join(snapshot, path)), blob), join(snapshot, path));
  }
  return snapshot;
}

const raw = new Uint8Array(weights.buffer);
const w = async (path: string) => numbers((await loadModel(path)).initializers.get('w')!);

describe('a model that is a link, as its weights are', () => {
  it('is read', async () => {
    const files = { 'onnx/model.onnx': model('model.onnx_data'), 'onnx/model.onnx_data': raw };
    expect(await w(join(await cached('plain', files), 'onnx/model.onnx'))).toEqual([...weights]);
  });

  it('is read through a folder that is a link, too', async () => {
    const snapshot = await cached('folder', { 'model.onnx': model('w.bin'), 'w.bin': raw });
    await symlink(snapshot, join(root, 'latest'));
    expect(await w(join(root, 'latest', 'model.onnx'))).toEqual([...weights]);
  });

  it('may leave its weights beside the file that it links to', async () => {
    const home = join(root, 'home');
    await mkdir(home);
    await writeFile(join(home, 'model.onnx'), model('w.bin'));
    await writeFile(join(home, 'w.bin'), raw);
    await symlink(join(home, 'model.onnx'), join(root, 'shortcut.onnx'));
    expect(await w(join(root, 'shortcut.onnx'))).toEqual([...weights]);
  });

  it('still may not name what lies in neither folder', async () => {
    await writeFile(join(root, 'secret.bin'), raw);
    const snapshot = await cached('hostile', { 'model.onnx': model('w.bin') });
    await symlink(join(root, 'secret.bin'), join(snapshot, 'w.bin'));
    await expect(loadModel(join(snapshot, 'model.onnx'))).rejects.toThrowError(/leads out of the folder/);
    const climbing = await cached('climbing', { 'model.onnx': model('../secret.bin') });
    await expect(loadModel(join(climbing, 'model.onnx'))).rejects.toMatchObject({ code: 'MODEL_EXTERNAL_DATA' });
  });

  it('of TensorFlow.js: the same', async () => {
    const topology = {
      node: [
        {
          name: 'x',
          op: 'Placeholder',
          attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '2' }] } } },
        },
        { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } },
        { name: 'y', op: 'AddV2', input: ['x', 'w'], attr: {} },
      ],
    };
    const path = writeModel(topology, [float('w', [2])]);
    const files = {
      'model.json': readFileSync(path),
      'group1-shard1of1.bin': readFileSync(join(dirname(path), 'group1-shard1of1.bin')),
    };
    const linked = await loadModel(join(await cached('tfjs', files), 'model.json'));
    expect([...linked.initializers.values()]).toEqual([...(await loadModel(path)).initializers.values()]);
  });
});
