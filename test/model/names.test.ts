/** Any legal name, all the way: through files, shapes, cuts and halves. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { GraphBuilder, inspectModel, parseModel, saveModel, splitModel } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { randomTensor } from '../support/networks.ts';
import { runGraph } from './support.ts';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'cutline-names-'));
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

/** Input, weight, node, tensor, output, dimension. */
const sets = [
  ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__'],
  ['constructor', '__proto__', '__proto__', '__defineGetter__', '__proto__2', 'constructor'],
  ['images in', 'w/0', 'layer 1/conv', 'layer 1/conv:0', 'out,put', 'batch size'],
  ['图像', 'вес', 'κόμβος', '🙂', 'é', 'größe'],
  ['0', '1', '2', '3', '4', '5'],
  ['a=b', 'c+d', 'e+f', 'g h', 'i\n', 'n*m'],
] as const;

describe.each(sets)('%s, %s, %s, %s, %s', (input, weight, name, tensor, output, dim) => {
  const graph = () => {
    const b = new GraphBuilder();
    b.input(input, 'float32', [dim, 4]);
    b.initializer(randomTensor([4, 3], createRandom(1)), weight);
    b.node({ name, op: 'MatMul', domain: '', inputs: [input, weight], outputs: [tensor], attributes: {} });
    b.op('Relu', [tensor], {}, output);
    b.output(output);
    return b.build();
  };

  it('is inspected and split', async () => {
    const path = join(folder, 'model.onnx');
    await saveModel(graph(), path);
    const report = JSON.parse(JSON.stringify(await inspectModel(path, engine, { shapes: [`${input}=2,4`] })));
    expect(report.model.inputs).toEqual([{ name: input, dtype: 'float32', shape: [2, 4] }]);
    expect(report.cuts.map((c: { tensors: { name: string }[] }) => c.tensors[0]!.name)).toEqual([
      input,
      tensor,
      output,
    ]);

    const notes: string[] = [];
    const at = report.cuts[1].id;
    const files = await splitModel(path, engine, { at, out: join(folder, 'out'), note: (text) => notes.push(text) });
    expect([files.cut, notes]).toEqual([at, []]);
    const [head, tail] = [parseModel(await readFile(files.head)), parseModel(await readFile(files.tail))];
    const feeds = Object.fromEntries([[input, randomTensor([3, 4], createRandom(2))]]);
    const sent = await runGraph(engine, head, feeds);
    expect(Object.entries(sent).map(([n, t]) => [n, t.shape])).toEqual([[tensor, [3, 3]]]);
    expect(await runGraph(engine, tail, sent)).toEqual(await runGraph(engine, graph(), feeds));
  });
});

it('a name that the runtime would end early is refused', () => {
  const b = new GraphBuilder();
  b.output(b.op('Relu', [b.input('x\0y', 'float32', [1])], {}, 'y'));
  return expect(async () => {
    await saveModel(b.build(), join(folder, 'nul.onnx'));
    await inspectModel(join(folder, 'nul.onnx'), engine);
  }).rejects.toThrowError(/holds a NUL/);
});
