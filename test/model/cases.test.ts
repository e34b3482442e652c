/** Models after public bug reports, each with what its user expects. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { float32, inspectModel, loadModel, splitModel, type Tensors } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { randomTensor } from '../support/networks.ts';
import { shared } from '../support/shared.ts';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'cutline-cases-'));
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

const inspect = async (ctx: TestContext, name: string, ...shapes: string[]) =>
  inspectModel(await shared(ctx, `cases/${name}`), engine, { shapes });

/** Shapes of the cuts by id. */
const cuts = async (ctx: TestContext, name: string, ...shapes: string[]) =>
  Object.fromEntries((await inspect(ctx, name, ...shapes)).cuts.map((c) => [c.id, c.tensors.map((t) => t.shape)]));

async function run(path: string, feeds: Tensors): Promise<Tensors> {
  const session = await engine.load(await readFile(path), { optimization: 'disabled' });
  try {
    return await session.run(Object.fromEntries(session.inputs.map((v) => [v.name, feeds[v.name]!])));
  } finally {
    await session.close();
  }
}

/** Splits a file at a cut and compares what the halves make with what the whole makes. */
async function holds(ctx: TestContext, name: string, at: string, feeds: Tensors, ...shapes: string[]): Promise<void> {
  const path = await shared(ctx, `cases/${name}`);
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);
  const { head, tail } = await splitModel(path, engine, { at, out: join(folder, name, at), shapes, note });
  const session = await engine.load(await loadModel(path), { optimization: 'disabled' });
  const whole = await session.run(feeds);
  await session.close();
  expect(await run(tail, await run(head, feeds)), at).toEqual(whole);
  // What an audit can reach is told of every model with several inputs.
  expect(notes.filter((note) => !note.includes('an audit'))).toEqual([]);
}

const random = (shape: readonly number[], seed = 1) => randomTensor(shape, createRandom(seed));

it('bfloat16 inside: inspected, and the float32 cuts are offered', async (ctx) => {
  expect(await cuts(ctx, 'bfloat16-inside.onnx')).toEqual({ input: [[1, 8]], f: [[1, 8]], output: [[1, 8]] });
  await holds(ctx, 'bfloat16-inside.onnx', 'f', { x: random([3, 8]) });
});

it('a sequence is no cut; what is round it is', async (ctx) => {
  expect(await cuts(ctx, 'sequence.onnx')).toEqual({ input: [[1, 4]], h: [[1, 4]], output: [[1, 4]] });
  await holds(ctx, 'sequence.onnx', 'h', { x: random([3, 4]) });
});

it('a map is no cut, and an output that is one is told by its type', async (ctx) => {
  const report = await inspect(ctx, 'zipmap.onnx');
  expect(report.model.outputs).toEqual([
    { name: 'lab', dtype: 'int64', shape: [1] },
    { name: 'output_probability', dtype: 'sequence(map(int64,float32))', shape: null },
  ]);
  expect(report.cuts.map((c) => [c.id, c.activationBytes])).toEqual([
    ['input', 12],
    ['lab+pr', 16],
    ['output', null],
  ]);
  const path = await shared(ctx, 'cases/zipmap.onnx');
  const { head } = await splitModel(path, engine, { at: 'lab+pr', out: join(folder, 'zipmap') });
  expect((await run(head, { X: random([2, 3]) })).pr).toMatchObject({ shape: [2, 2] });
  const atEnd = splitModel(path, engine, { at: 'output', out: join(folder, 'zipmap-end') });
  await expect(atEnd).rejects.toMatchObject({ code: 'CUT_UNSENDABLE' });
});

it('a shape that depends on data is never a fixed one', async (ctx) => {
  const report = await inspect(ctx, 'nonzero.onnx');
  expect(report.model.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: [null] }]);
  expect(report.cuts.map((c) => [c.id, c.tensors[0]!.shape, c.activationBytes])).toEqual([
    ['input', [1, 8], 32],
    ['h', [1, 8], 32],
    ['r', [1, 8], 32],
    ['vals', [null], null],
    ['output', [null], null],
  ]);
  for (const at of ['h', 'r', 'vals', 'output']) await holds(ctx, 'nonzero.onnx', at, { x: random([1, 8]) });
});

it('an extent is the one that runs, not the one that is inferred', async (ctx) => {
  expect(await cuts(ctx, 'resize-5-3.onnx')).toMatchObject({ up: [[1, 3, 10, 10]], c1: [[1, 3, 10, 10]] });
  await holds(ctx, 'resize-5-3.onnx', 'up', { x: random([1, 2, 6, 6]) });
  const tail = await loadModel(join(folder, 'resize-5-3.onnx', 'up', 'tail.onnx'));
  expect(tail.inputs[0]?.shape).toEqual([1, 3, 10, 10]);
});

it('two batches stay apart', async (ctx) => {
  for (const [images, texts] of [
    [1, 3],
    [4, 2],
  ] as const) {
    const feeds = { pixel: random([images, 6]), text: random([texts, 5], 2) };
    for (const at of ['text+ri', 'pixel+rtt', 'ri+rtt', 'logits0']) await holds(ctx, 'two-batches.onnx', at, feeds);
  }
  const head = await loadModel(join(folder, 'two-batches.onnx', 'ri+rtt', 'head.onnx'));
  expect(head.outputs.map((v) => v.shape)).toEqual([
    ['image_batch', 4],
    [4, 'text_batch'],
  ]);
});

it.for([
  ['past-0.onnx', []],
  ['past-named.onnx', ['past=1,0,8']],
] as const)('a length of zero is one: %s', async ([name, shapes], ctx) => {
  const report = await inspect(ctx, name, ...shapes);
  expect(report.model.inputs[1]).toEqual({ name: 'past', dtype: 'float32', shape: [1, 0, 8] });
  expect(report.cuts[0]).toMatchObject({ id: 'input', activationBytes: 128 });
  const feeds = { x: random([1, 4, 8]), past: random([1, 0, 8]) };
  for (const { id } of report.cuts) await holds(ctx, name, id, feeds, ...shapes);
});

it('placeholders are each their own dimension', async (ctx) => {
  await expect(inspect(ctx, 'dims-question.onnx')).rejects.toThrowError(/Pass --shape "x=1,<dim1>"/);
  expect(await cuts(ctx, 'dims-question.onnx', 'x=3,4')).toEqual({ input: [[3, 4]], h: [[3, 4]], output: [[3, 4]] });
  await holds(ctx, 'dims-question.onnx', 'h', { x: random([3, 4]) }, 'x=3,4');
});

it('a NoOp of TensorFlow.js orders things, no more', async (ctx) => {
  const graph = await loadModel(await shared(ctx, 'cases/noop.json'));
  expect(graph.nodes.map((n) => n.op)).toContain('Relu');
  const session = await engine.load(graph);
  const y = Object.values(await session.run({ x: float32([-1, 2, -3, 4], [1, 4]) }))[0]!;
  await session.close();
  expect([...(y.data as Float32Array)]).toEqual([0, 2, 0, 4]);
});

it('a loop of TensorFlow 1 is not supported, which is not to say that the file is corrupt', async (ctx) => {
  await expect(loadModel(await shared(ctx, 'cases/while.json'))).rejects.toMatchObject({
    code: 'TFJS_UNSUPPORTED',
    message: expect.stringContaining('e (Enter)'),
  });
});
