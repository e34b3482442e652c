import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { asFloat32, float32, type Graph, GraphBuilder, inferShapes, int64, withBatch } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { networks, randomTensor } from '../support/networks.ts';
import { runGraph } from './support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Running a batch must give what running its samples one by one gives. */
async function compare(graph: Graph, sample: readonly number[]): Promise<void> {
  const n = 3;
  const one = await inferShapes(graph, engine);
  const many = withBatch(one, n);
  const input = randomTensor([n, ...sample], createRandom(2));
  const got = asFloat32((await runGraph(engine, many, { input })).output);
  const size = sample.reduce((a, b) => a * b, 1);
  for (let i = 0; i < n; i++) {
    const x = float32(asFloat32(input).slice(i * size, (i + 1) * size), [1, ...sample]);
    const want = asFloat32((await runGraph(engine, one, { input: x })).output);
    const mine = got.slice(i * want.length, (i + 1) * want.length);
    expect(Math.max(...mine.map((v, j) => Math.abs(v - want[j]!)))).toBeLessThan(1e-4);
  }
  expect(await inferShapes(many, engine)).toMatchObject({ inputs: [{ shape: [n, ...sample] }] });
}

const rebatched = Object.entries(networks).filter(([name]) => name !== 'conditional');

test.each(rebatched)('%s exported for batch 1 runs a batch of 3', (_, { build, input }) =>
  compare(build({ batch: 1 }), input),
);

test('attention with hard-coded shapes and the batch in the middle (as nn.MultiheadAttention) runs a batch', async () => {
  const b = new GraphBuilder(14);
  const [length, heads, d] = [5, 2, 8];
  const random = createRandom(4);
  const x = b.op('Transpose', [b.input('input', 'float32', [1, length, d])], { perm: [1, 0, 2] });
  const weight = () => b.initializer(randomTensor([d, d], random, 0.5));
  const shape = (...dims: number[]) => b.initializer(int64(dims));
  const part = () =>
    b.op('Transpose', [b.op('Reshape', [b.op('MatMul', [x, weight()]), shape(length, heads, d / heads)])], {
      perm: [1, 0, 2],
    });
  const [q, k, v] = [part(), part(), part()];
  const scores = b.op('Softmax', [b.op('MatMul', [q, b.op('Transpose', [k], { perm: [0, 2, 1] })])], { axis: -1 });
  const mixed = b.op('Transpose', [b.op('MatMul', [scores, v])], { perm: [1, 0, 2] });
  const flat = b.op('Gemm', [b.op('Reshape', [mixed, shape(length, d)]), weight()]);
  const back = b.op('Transpose', [b.op('Reshape', [flat, shape(length, 1, d)])], { perm: [1, 0, 2] });
  b.output(b.op('Concat', [b.initializer(randomTensor([1, 1, d], random)), back], { axis: 1 }, 'output'));
  await compare(b.build(), [length, d]);
});

test('a network that mixes the batch is refused, naming the node', async () => {
  const b = new GraphBuilder(17);
  const total = b.op('ReduceSum', [b.input('input', 'float32', [1, 4]), b.constant([0], 'int64')], {}, 'total');
  b.output(total);
  const graph = await inferShapes(b.build(), engine);
  expect(() => withBatch(graph, 2)).toThrowError(/node total \(ReduceSum\)/);
  const conditional = await inferShapes(networks.conditional.build(), engine);
  expect(() => withBatch(conditional, 2)).toThrowError(/BATCH|cannot be given batch 2/);
});
