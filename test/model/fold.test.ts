import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { float32, foldConstants, GraphBuilder, inferShapes, parseModel } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { randomTensor } from '../support/networks.ts';
import { node, onnxFile, onnxType, tensor, tensorType, value } from '../support/onnx.ts';
import { runGraph } from './support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const x = randomTensor([2, 4], createRandom(1));

it('shape arithmetic becomes a constant', async () => {
  const b = new GraphBuilder();
  const shape = b.op(
    'Concat',
    [
      b.constant([-1], 'int64'),
      b.op('Slice', [
        b.op('Shape', [b.input('x', 'float32', [2, 4])]),
        b.constant([0], 'int64'),
        b.constant([1], 'int64'),
      ]),
    ],
    { axis: 0 },
  );
  b.output(b.op('Reshape', ['x', shape], {}, 'y'));
  const graph = await inferShapes(b.build(), engine);
  const folded = await foldConstants(graph, engine);
  expect(folded.nodes.map((n) => n.op)).toEqual(['Reshape']);
  expect(await runGraph(engine, folded, { x })).toEqual(await runGraph(engine, graph, { x }));
});

it('weights in bfloat16 stay what they are, and do not keep the rest from being folded', async () => {
  const graph = await inferShapes(
    parseModel(
      onnxFile({
        input: [value('x', tensorType('float32', [2, 4]))],
        output: [value('y')],
        initializer: [
          tensor(
            'W',
            'float32',
            [4, 4],
            Array.from({ length: 16 }, (_, i) => i / 8),
          ),
          tensor('two', 'float32', [], [2]),
        ],
        node: [
          node('Cast', ['W'], ['w'], { to: onnxType.bfloat16 }),
          node('Cast', ['x'], ['h'], { to: onnxType.bfloat16 }),
          node('Transpose', ['w'], ['turned']),
          node('Concat', ['h', 'turned'], ['s'], { axis: 0 }),
          node('Cast', ['s'], ['f'], { to: onnxType.float32 }),
          node('Sqrt', ['two'], ['root']),
          node('Mul', ['f', 'root'], ['y']),
        ],
      }),
    ),
    engine,
  );
  const folded = await foldConstants(graph, engine);
  expect(folded.nodes.map((n) => n.outputs[0])).not.toContain('root');
  expect(folded.initializers.get('root')).toEqual(float32([Math.fround(Math.SQRT2)], []));
  expect(folded.nodes.map((n) => n.outputs[0])).toEqual(['w', 'h', 'turned', 's', 'f', 'y']);
  expect(await runGraph(engine, folded, { x })).toEqual(await runGraph(engine, graph, { x }));
});

it('arithmetic over a shape that depends on data is left alone', async () => {
  const graph = await inferShapes(
    parseModel(
      onnxFile({
        input: [value('x', tensorType('float32', [2, 4]))],
        output: [value('y')],
        initializer: [tensor('two', 'int64', [1], [2])],
        node: [
          node('NonZero', ['x'], ['nz']),
          node('Shape', ['nz'], ['length']),
          node('Div', ['length', 'two'], ['half']),
          node('Mul', ['two', 'two'], ['four']),
          node('Add', ['half', 'four'], ['y']),
        ],
      }),
    ),
    engine,
  );
  const folded = await foldConstants(graph, engine);
  expect(folded.nodes.map((n) => n.outputs[0])).toEqual(['nz', 'length', 'half', 'y']);
  expect(await runGraph(engine, folded, { x })).toEqual(await runGraph(engine, graph, { x }));
});
