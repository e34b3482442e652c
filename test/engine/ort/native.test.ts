/** Types of the runtime that JavaScript has no tensors for: they may be in a graph, and are told, but never handed over. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { float32, GraphBuilder } from '../../../src/model/index.ts';
import { numbers } from '../../support/compare.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const bfloat16 = 16;

test('a graph with a bfloat16 output loads, tells its type, and answers its other outputs', async () => {
  const b = new GraphBuilder();
  const half = b.op('Cast', [b.input('x', 'float32', [2])], { to: bfloat16 }, 'half');
  b.output(half);
  b.output(b.op('Cast', [half], { to: 1 }, 'y'));
  const session = await engine.load(b.build());
  expect(session.outputs).toEqual([
    { name: 'half', dtype: 'bfloat16', shape: [2] },
    { name: 'y', dtype: 'float32', shape: [2] },
  ]);
  const x = float32([1.00001, -3], [2]);
  const results = await session.run({ x });
  expect(Object.keys(results)).toEqual(['y']);
  expect(numbers(results.y!)).toEqual([1, -3]);
  await expect(session.run({ x }, { outputs: ['half'] })).rejects.toMatchObject({ code: 'ENGINE_RUN' });
});

test('a sequence is told to be no tensor', async () => {
  const b = new GraphBuilder();
  const parts = b.op('SplitToSequence', [b.input('x', 'float32', [1, 4])], { axis: 1 }, 'parts');
  b.output(parts);
  b.output(b.op('ConcatFromSequence', [parts], { axis: 1 }, 'y'));
  const session = await engine.load(b.build());
  expect(session.outputs[0]).toMatchObject({ name: 'parts', unknown: 'opaque' });
  const { y } = await session.run({ x: float32([1, 2, 3, 4], [1, 4]) });
  expect(numbers(y!)).toEqual([1, 2, 3, 4]);
});
