import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { inspectModel, loadModel, modelSha256, saveModel, splitModel } from '../../src/model/index.ts';
import { networks } from '../support/networks.ts';

let engine: Engine;
let folder: string;
let model: string;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'cutline-split-'));
  model = join(folder, 'model.onnx');
  await saveModel(networks.transformer.build({ batch: 'batch' }), model);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

test('inspect reports the digest of the file and assumes a batch of 1 aloud', async () => {
  const notes: string[] = [];
  const report = await inspectModel(model, engine, { note: (text) => notes.push(text) });
  expect(report.model.sha256).toBe(modelSha256(await readFile(model)));
  expect(report.model.inputs).toEqual([{ name: 'input', dtype: 'float32', shape: [1, 3, 16, 16] }]);
  expect(notes).toHaveLength(1);
  expect(report.cuts.at(0)?.id).toBe('input');
  expect(Object.keys(report.cuts[0]!).sort()).toEqual(
    ['activationBytes', 'headMacs', 'headParameters', 'id', 'tailMacs', 'tailParameters', 'tensors'].sort(),
  );
});

test('split writes two files whose digests it tells, and keeps a symbolic batch', async () => {
  const out = join(folder, 'a', 'b');
  const written = await splitModel(model, engine, { at: 'res1', out });
  expect(await readdir(out)).toEqual(['head.onnx', 'tail.onnx']);
  expect(modelSha256(await readFile(written.tail))).toBe(written.tailSha256);
  expect((await loadModel(written.tail)).inputs).toEqual([
    { name: 'res1', dtype: 'float32', shape: ['batch', 17, 16] },
  ]);
});

test('a cut that does not exist, or a folder that cannot be, leaves nothing behind', async () => {
  const out = join(folder, 'never');
  await expect(splitModel(model, engine, { at: 'res9', out })).rejects.toMatchObject({
    code: 'CUT_NOT_FOUND',
    exit: 2,
  });
  await expect(readdir(out)).rejects.toThrow();
  await writeFile(join(folder, 'file'), '');
  const blocked = splitModel(model, engine, { at: 'res1', out: join(folder, 'file', 'x') });
  await expect(blocked).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE', exit: 1 });
});

test('a dimension other than the batch must be given', async () => {
  const open = join(folder, 'open.onnx');
  const graph = networks.residual.build();
  await saveModel({ ...graph, inputs: [{ name: 'input', dtype: 'float32', shape: ['n', 3, 'h', 'w'] }] }, open);
  await expect(inspectModel(open, engine)).rejects.toThrowError(/--shape "input=1,3,<h>,<w>"/);
  const report = await inspectModel(open, engine, { shapes: ['input=1,3,16,24'] });
  expect(report.model.inputs[0]?.shape).toEqual([1, 3, 16, 24]);
});
