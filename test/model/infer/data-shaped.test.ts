/** Shapes that depend on data: no dimension is ever taken from a sample, and every cut that is offered splits exactly. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import {
  findCuts,
  float32,
  type Graph,
  inferShapes,
  isSendable,
  parseModel,
  type Tensor,
} from '../../../src/model/index.ts';
import { createRandom } from '../../../src/random.ts';
import { randomTensor } from '../../support/networks.ts';
import { type GraphInit, node, onnxFile, tensor, tensorType, value } from '../../support/onnx.ts';
import { runGraph, runSplit } from '../support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** x [1,8] → … → y. `h` is x times two, `n` how many of its elements are positive, from 1 on, as a list of one number. */
function graph(nodes: GraphInit['node'], initializer: GraphInit['initializer'] = [], opset = 18): Graph {
  return parseModel(
    onnxFile(
      {
        input: [value('x', tensorType('float32', [1, 8]))],
        output: [value('y')],
        initializer: [
          tensor('two', 'float32', [], [2]),
          tensor('zero', 'float32', [], [0]),
          tensor('i0', 'int64', [1], [0]),
          tensor('i1', 'int64', [1], [1]),
          tensor('i2', 'int64', [1], [2]),
          tensor('i3', 'int64', [1], [3]),
          tensor('i8', 'int64', [1], [8]),
          tensor('flat', 'int64', [1], [-1]),
          tensor('true', 'bool', [], [1]),
          tensor('s0', 'int64', [], [0]),
          tensor('s3', 'int64', [], [3]),
          ...initializer,
        ],
        node: [
          node('Mul', ['x', 'two'], ['h']),
          node('Greater', ['h', 'zero'], ['positive']),
          node('Cast', ['positive'], ['ones'], { to: 7 }),
          node('ReduceSum', ['ones'], ['count'], { keepdims: 0 }),
          node('Max', ['count', 'i1'], ['n']),
          node('Squeeze', ['n'], ['n0']),
          ...(nodes ?? []),
        ],
      },
      { opset },
    ),
  );
}

const body = (inputs: readonly string[], nodes: GraphInit['node'], outputs: readonly string[]): GraphInit => ({
  name: 'body',
  // The runtime wants to know of a Loop's number and condition that they are scalars.
  input: inputs.map((n, i) => (i < 2 ? value(n, tensorType(i === 0 ? 'int64' : 'bool', [])) : value(n))),
  node: nodes ?? [],
  output: outputs.map((n) => value(n)),
});

const slice = (end: string) => body([], [node('Slice', ['h', 'i0', end, 'i1'], [`to-${end}`])], [`to-${end}`]);

/** For the `y` of a graph: what its shape must be told as; '' is a dimension that depends on data. */
const cases: readonly [string, () => Graph, readonly (number | '')[] | 'rank'][] = [
  ['NonZero', () => graph([node('NonZero', ['positive'], ['y'])]), [2, '']],
  [
    'Compress',
    () => graph([node('Squeeze', ['positive', 'i0'], ['c']), node('Compress', ['h', 'c'], ['y'], { axis: 1 })]),
    [1, ''],
  ],
  ['Unique', () => graph([node('Relu', ['h'], ['r']), node('Unique', ['r'], ['y'])]), ['']],
  [
    'NonMaxSuppression',
    () =>
      graph(
        [
          node('Reshape', ['h', 'boxes'], ['b']),
          node('Slice', ['h', 'i0', 'i2', 'i1'], ['s']),
          node('Unsqueeze', ['s', 'i0'], ['s3d']),
          node('NonMaxSuppression', ['b', 's3d', 'i3', '', 'zero'], ['y']),
        ],
        [tensor('boxes', 'int64', [3], [1, 2, 4])],
      ),
    ['', 3],
  ],
  ['TopK with a k of its own', () => graph([node('TopK', ['h', 'n'], ['y', 'which'])]), ['', '']],
  ['Range', () => graph([node('Range', ['s0', 'n0', 's1'], ['y'])], [tensor('s1', 'int64', [], [1])]), ['']],
  ['Slice', () => graph([node('Slice', ['h', 'i0', 'n', 'i1'], ['y'])]), ['', '']],
  [
    'Expand',
    () => graph([node('Concat', ['n', 'i8'], ['t'], { axis: 0 }), node('Expand', ['h', 't'], ['y'])]),
    ['', 8],
  ],
  ['Tile', () => graph([node('Concat', ['n', 'i1'], ['t'], { axis: 0 }), node('Tile', ['h', 't'], ['y'])]), ['', '']],
  ['ConstantOfShape', () => graph([node('ConstantOfShape', ['n'], ['y'])]), ['']],
  [
    'Pad',
    () => graph([node('Concat', ['i0', 'i0', 'i0', 'n'], ['p'], { axis: 0 }), node('Pad', ['h', 'p'], ['y'])]),
    ['', ''],
  ],
  [
    'OneHot',
    () => graph([node('OneHot', ['ones', 'n', 'on'], ['y'])], [tensor('on', 'float32', [2], [0, 1])]),
    [1, 8, ''],
  ],
  [
    'Reshape to a shape that is computed',
    () =>
      graph([
        node('Slice', ['h', 'i0', 'n', 'i1'], ['s']),
        node('Concat', ['n', 'i1'], ['t'], { axis: 0 }),
        node('Reshape', ['s', 't'], ['y']),
      ]),
    ['', ''],
  ],
  [
    'Resize to sizes that are computed',
    () =>
      graph([
        node('Concat', ['i1', 'n'], ['t'], { axis: 0 }),
        node('Resize', ['h', '', '', 't'], ['y'], { mode: 'nearest' }),
      ]),
    ['', ''],
  ],
  [
    'If with branches of different widths',
    () =>
      graph([
        node('ReduceMax', ['h'], ['m'], { keepdims: 0 }),
        node('Greater', ['m', 'two'], ['c']),
        node('If', ['c'], ['y'], { then_branch: { graph: slice('i2') }, else_branch: { graph: slice('i3') } }),
      ]),
    [1, ''],
  ],
  [
    'If with branches of different ranks',
    () =>
      graph([
        node('ReduceMax', ['h'], ['m'], { keepdims: 0 }),
        node('Greater', ['m', 'two'], ['c']),
        node('If', ['c'], ['y'], {
          then_branch: { graph: slice('i2') },
          else_branch: { graph: body([], [node('Squeeze', ['h'], ['list'])], ['list']) },
        }),
      ]),
    'rank',
  ],
  [
    'a Loop whose rounds are counted by data',
    () =>
      graph([
        node('Loop', ['n0', 'true', 'h'], ['last', 'y'], {
          body: {
            graph: body(
              ['i', 'c', 'a'],
              [node('Relu', ['a'], ['b']), node('Identity', ['c'], ['c2'])],
              ['c2', 'b', 'b'],
            ),
          },
        }),
      ]),
    'rank',
  ],
  [
    'a Loop that grows, as often as data says',
    () =>
      graph([
        node('Loop', ['n0', 'true', 'h'], ['y'], {
          body: {
            graph: body(
              ['i', 'c', 'a'],
              [node('Concat', ['a', 'h'], ['b'], { axis: 1 }), node('Identity', ['c'], ['c2'])],
              ['c2', 'b'],
            ),
          },
        }),
      ]),
    'rank',
  ],
  [
    'a Loop that ends when data says so',
    () =>
      graph([
        node('Loop', ['s3', 'true', 'h'], ['last', 'y'], {
          body: {
            graph: body(
              ['i', 'c', 'a'],
              [
                node('Sub', ['a', 'two'], ['b']),
                node('ReduceMax', ['b'], ['m'], { keepdims: 0 }),
                node('Greater', ['m', 'zero'], ['c2']),
              ],
              ['c2', 'b', 'b'],
            ),
          },
        }),
      ]),
    'rank',
  ],
  [
    'an element of a sequence of unlike ones',
    () =>
      graph(
        [
          node('SplitToSequence', ['h', 'parts'], ['seq'], { axis: 1 }),
          node('Min', ['n0', 's1'], ['at']),
          node('SequenceAt', ['seq', 'at'], ['y']),
        ],
        [tensor('parts', 'int64', [2], [3, 5]), tensor('s1', 'int64', [], [1])],
      ),
    'rank',
  ],
];

const known: readonly [string, () => Graph, readonly number[]][] = [
  [
    'a sum over what depends on data',
    () =>
      graph([
        node('NonZero', ['positive'], ['nz']),
        node('Cast', ['nz'], ['f'], { to: 1 }),
        node('ReduceSum', ['f'], ['y']),
      ]),
    [1, 1],
  ],
  [
    'a Loop whose rounds are counted in the file',
    () =>
      graph([
        node('Loop', ['s3', 'true', 'h'], ['last', 'y'], {
          body: {
            graph: body(
              ['i', 'c', 'a'],
              [node('Relu', ['a'], ['b']), node('Identity', ['c'], ['c2'])],
              ['c2', 'b', 'b'],
            ),
          },
        }),
      ]),
    [3, 1, 8],
  ],
  [
    'a Loop that grows by as much each round',
    () =>
      graph([
        node('Loop', ['s3', 'true', 'h'], ['y'], {
          body: {
            graph: body(
              ['i', 'c', 'a'],
              [node('Concat', ['a', 'h'], ['b'], { axis: 1 }), node('Identity', ['c'], ['c2'])],
              ['c2', 'b'],
            ),
          },
        }),
      ]),
    [1, 32],
  ],
  [
    'an If that is decided by a shape',
    () =>
      graph([
        node('Shape', ['h'], ['sh']),
        node('Gather', ['sh', 's0'], ['d0'], { axis: 0 }),
        node('Equal', ['d0', 's0'], ['c']),
        node('If', ['c'], ['y'], { then_branch: { graph: slice('i2') }, else_branch: { graph: slice('i3') } }),
      ]),
    [1, 3],
  ],
  [
    'an element of a sequence, by a number in the file',
    () =>
      graph(
        [node('SplitToSequence', ['h', 'parts'], ['seq'], { axis: 1 }), node('SequenceAt', ['seq', 's1'], ['y'])],
        [tensor('parts', 'int64', [2], [3, 5]), tensor('s1', 'int64', [], [1])],
      ),
    [1, 5],
  ],
];

const feeds: readonly { x: Tensor }[] = [
  ...[1, 2, 3].map((seed) => ({ x: randomTensor([1, 8], createRandom(seed)) })),
  { x: float32([1, 2, 3, 4, 5, 6, 7, 8], [1, 8]) },
  { x: float32(new Float32Array(8).fill(-1), [1, 8]) },
];

/** Every number that was inferred is what runs, whatever is fed; every cut holds. */
async function heldAgainstRuns(inferred: Graph): Promise<void> {
  const names = [...inferred.values.values()].filter(isSendable).map((v) => v.name);
  const outputs = names.map((name) => ({ name, dtype: 'float32' as const, shape: [], unknown: 'type' as const }));
  for (const feed of feeds) {
    const results = await runGraph(engine, { ...inferred, outputs }, feed);
    for (const name of names) {
      const v = inferred.values.get(name)!;
      if (!v.unknown)
        expect(
          results[name]!.shape.map((d, i) => (v.shape[i] === '' ? '' : d)),
          name,
        ).toEqual(v.shape);
    }
    const whole = await runGraph(engine, inferred, feed);
    for (const cut of findCuts(inferred)) expect(await runSplit(engine, inferred, cut, feed), cut.id).toEqual(whole);
  }
}

describe('a shape that depends on data is not told, whatever makes it:', () => {
  it.each(cases)('%s', async (_, build, expected) => {
    const inferred = await inferShapes(build(), engine);
    const y = inferred.values.get('y')!;
    if (expected === 'rank') expect(y).toMatchObject({ shape: [], unknown: 'shape' });
    else expect(y.shape).toEqual(expected);
    expect(findCuts(inferred).at(-1)).toMatchObject({ id: 'output', activationBytes: null });
    await heldAgainstRuns(inferred);
  });
});

describe('a shape that does not is told:', () => {
  it.each(known)('%s', async (_, build, expected) => {
    const inferred = await inferShapes(build(), engine);
    expect(inferred.values.get('y')).toMatchObject({ shape: expected });
    await heldAgainstRuns(inferred);
  });
});

it('the Shape of what depends on data is data: what needs it gets it through the cut', async () => {
  const inferred = await inferShapes(
    graph([
      node('Squeeze', ['positive', 'i0'], ['c']),
      node('Compress', ['h', 'c'], ['some'], { axis: 1 }),
      node('Shape', ['some'], ['length']),
      node('Cast', ['length'], ['as float'], { to: 1 }),
      node('ReduceSum', ['some', 'i1'], ['total']),
      node('Add', ['as float', 'total'], ['y']),
    ]),
    engine,
  );
  expect(findCuts(inferred).map((c) => [c.id, c.activationBytes])).toContainEqual(['some', null]);
  await heldAgainstRuns(inferred);
});
