/** Sequences, maps, optionals, texts and odd element types inside a model: no cuts, known by their type, and no hindrance. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import {
  cost,
  encodeModel,
  findCuts,
  float32,
  type Graph,
  inferBatchShapes,
  int64,
  parseModel,
  split,
  type Tensors,
} from '../../src/model/index.ts';
import { prepare } from '../../src/model/prepare.ts';
import { createRandom } from '../../src/random.ts';
import { randomTensor } from '../support/networks.ts';
import {
  type GraphInit,
  mapType,
  node,
  onnxFile,
  onnxType,
  optionalType,
  sequenceType,
  tensor,
  tensorType,
  value,
} from '../support/onnx.ts';
import { runGraph, runSplit } from './support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const floats = tensorType('float32', ['N', 4]);
const x = value('x', floats);
const weight = tensor(
  'W',
  'float32',
  [4, 4],
  Array.from({ length: 16 }, (_, i) => Math.sin(i)),
);
const one = tensor('one', 'int64', [], [1]);
const numbersOfX = node('MatMul', ['x', 'W'], ['h']);
const end = [value('y', floats)];

/** The model of each, the cuts that it has, and the outputs that are compared. */
interface Case {
  readonly graph: GraphInit;
  readonly opset?: number;
  readonly ml?: number;
  readonly cuts: readonly string[];
  readonly feeds?: (n: number) => Tensors;
}

const batchOf = (n: number): Tensors => ({ x: randomTensor([n, 4], createRandom(n)) });

const cases: Readonly<Record<string, Case>> = {
  'a sequence that is split off, grown, shortened and joined': {
    graph: {
      input: [x],
      output: end,
      initializer: [weight, one, tensor('two', 'int64', [], [2])],
      node: [
        numbersOfX,
        node('SplitToSequence', ['h'], ['s1'], { axis: 1 }),
        node('SequenceErase', ['s1', 'one'], ['s2']),
        node('SequenceAt', ['s1', 'two'], ['element']),
        node('SequenceInsert', ['s2', 'element'], ['s3']),
        node('ConcatFromSequence', ['s3'], ['joined'], { axis: 1 }),
        node('Relu', ['joined'], ['y']),
      ],
    },
    cuts: ['input', 'h', 'joined', 'output'],
  },
  'a sequence that a Loop carries round': {
    graph: {
      input: [x],
      output: end,
      initializer: [weight, tensor('three', 'int64', [], [3]), tensor('true', 'bool', [], [1])],
      node: [
        numbersOfX,
        node('SequenceEmpty', [], ['none'], { dtype: 1 }),
        node('Loop', ['three', 'true', 'none'], ['three of them'], {
          body: {
            graph: {
              name: 'body',
              input: [
                value('i', tensorType('int64', [])),
                value('c', tensorType('bool', [])),
                value('s', sequenceType(tensorType('float32'))),
              ],
              output: [value('c2', tensorType('bool', [])), value('t', sequenceType(tensorType('float32')))],
              node: [node('SequenceInsert', ['s', 'h'], ['t']), node('Identity', ['c'], ['c2'])],
            },
          },
        }),
        node('ConcatFromSequence', ['three of them'], ['stack'], { axis: 0, new_axis: 1 }),
        node('ReduceSum', ['stack', 'axis'], ['y'], { keepdims: 0 }),
      ],
    },
    cuts: ['input', 'h', 'stack', 'output'],
  },
  'a sequence that is mapped over': {
    graph: {
      input: [x],
      output: end,
      initializer: [weight],
      node: [
        numbersOfX,
        node('SplitToSequence', ['h'], ['s'], { axis: 1 }),
        node('SequenceMap', ['s'], ['t'], {
          body: {
            graph: {
              name: 'body',
              input: [value('e', tensorType('float32', ['N', 1]))],
              output: [value('f', tensorType('float32', ['N', 1]))],
              node: [node('Exp', ['e'], ['f'])],
            },
          },
        }),
        node('ConcatFromSequence', ['t'], ['y'], { axis: 1 }),
      ],
    },
    cuts: ['input', 'h', 'output'],
  },
  'an optional that is asked and opened': {
    graph: {
      input: [x],
      output: end,
      initializer: [weight],
      node: [
        numbersOfX,
        node('Optional', ['h'], ['maybe']),
        node('OptionalGetElement', ['maybe'], ['surely']),
        node('Relu', ['surely'], ['y']),
      ],
    },
    cuts: ['input', 'h', 'surely', 'output'],
  },
  'bfloat16 from end to end inside': {
    graph: {
      input: [x],
      output: end,
      initializer: [weight],
      node: [
        numbersOfX,
        node('Cast', ['h'], ['b'], { to: onnxType.bfloat16 }),
        node('Identity', ['b'], ['b2']),
        node('Reshape', ['b2', 'flat'], ['b3']),
        node('Cast', ['b3'], ['f'], { to: onnxType.float32 }),
        node('Relu', ['f'], ['y']),
      ],
    },
    cuts: ['input', 'h', 'f', 'output'],
  },
  'float8 inside': {
    graph: {
      input: [x],
      output: end,
      initializer: [weight, tensor('s', 'float32', [], [0.5]), tensor('z', 'float8', [], [0])],
      node: [
        numbersOfX,
        node('QuantizeLinear', ['h', 's', 'z'], ['q']),
        node('DequantizeLinear', ['q', 's', 'z'], ['f']),
        node('Relu', ['f'], ['y']),
      ],
    },
    opset: 19,
    cuts: ['input', 'h', 'f', 'output'],
  },
  'texts inside': {
    graph: {
      input: [x],
      output: [value('y', tensorType('int64', ['N', 4]))],
      initializer: [weight],
      node: [
        numbersOfX,
        node('Relu', ['h'], ['r']),
        node('Cast', ['r'], ['rounded'], { to: onnxType.int64 }),
        node(
          'LabelEncoder',
          ['rounded'],
          ['words'],
          { keys_int64s: [0, 1], values_strings: ['no', 'yes'] },
          'ai.onnx.ml',
        ),
        node('LabelEncoder', ['words'], ['y'], { keys_strings: ['no', 'yes'], values_int64s: [10, 11] }, 'ai.onnx.ml'),
      ],
    },
    ml: 2,
    cuts: ['input', 'h', 'r', 'rounded', 'output'],
  },
  'a classical operator behind a sequence': {
    graph: {
      input: [x],
      output: end,
      initializer: [weight],
      node: [
        numbersOfX,
        node('SplitToSequence', ['h'], ['s'], { axis: 1 }),
        node('ConcatFromSequence', ['s'], ['c'], { axis: 1 }),
        node(
          'Scaler',
          ['c'],
          ['y'],
          { offset: { floats: [1, 2, 3, 4] }, scale: { floats: [1, 1, 1, 1] } },
          'ai.onnx.ml',
        ),
      ],
    },
    ml: 2,
    cuts: ['input', 'h', 'c', 'output'],
  },
};

/** Weights that some of the cases need besides. */
function complete({ graph, opset = 18, ml = 0 }: Case): Graph {
  const more = [tensor('axis', 'int64', [1], [0]), tensor('flat', 'int64', [2], [-1, 4])];
  return parseModel(onnxFile({ ...graph, initializer: [...(graph.initializer ?? []), ...more] }, { opset, ml }));
}

describe.each(Object.entries(cases))('%s', (_, c) => {
  it('is inspected: what cannot be sent is no cut, all else round it is', async () => {
    const graph = complete(c);
    const ready = await prepare(graph, engine);
    expect(findCuts(ready).map((cut) => cut.id)).toEqual(c.cuts);
    expect(cost(ready).macs).toBe(16);
  });

  it('splits exactly at each of them, for any batch', async () => {
    const graph = complete(c);
    const cuts = findCuts(await prepare(graph, engine));
    const open = await inferBatchShapes(graph, engine);
    for (const n of [1, 3]) {
      const feeds = batchOf(n);
      const whole = await runGraph(engine, graph, feeds);
      for (const cut of cuts) expect(await runSplit(engine, open, cut, feeds), cut.id).toEqual(whole);
    }
    for (const cut of cuts) {
      const { head, tail } = split(open, cut);
      for (const half of [head, tail]) expect(parseModel(encodeModel(half)).inputs).toEqual(half.inputs);
    }
  });
});

describe('a model whose ends are no tensors', () => {
  it('answers a sequence: told by its type, and every cut before it splits', async () => {
    const graph = parseModel(
      onnxFile({
        input: [x],
        output: [value('y', sequenceType(tensorType('float32'))), value('r', floats)],
        initializer: [weight],
        node: [numbersOfX, node('Relu', ['h'], ['r']), node('SplitToSequence', ['r'], ['y'], { axis: 1 })],
      }),
    );
    const ready = await prepare(graph, engine);
    const cuts = findCuts(ready);
    expect(cuts.map((cut) => [cut.id, cut.activationBytes])).toEqual([
      ['input', 16],
      ['h', 16],
      ['r', 16],
      ['output', null],
    ]);
    const { tail } = split(ready, cuts[2]!);
    expect(parseModel(encodeModel(tail)).outputs[0]).toMatchObject({ name: 'y', unknown: 'opaque' });
    expect(() => split(ready, cuts[3]!)).toThrowError(/tensor y is sequence\(float32\)/);
  });

  it('takes a sequence: shapes are known as far as they do not hang on it', async () => {
    const graph = parseModel(
      onnxFile({
        input: [value('s', sequenceType(tensorType('float32'))), x],
        output: end,
        initializer: [weight],
        node: [
          node('ConcatFromSequence', ['s'], ['c'], { axis: 0 }),
          numbersOfX,
          node('Add', ['c', 'h'], ['sum']),
          node('Relu', ['sum'], ['y']),
        ],
      }),
    );
    const ready = await prepare(graph, engine);
    expect(ready.values.get('h')?.shape).toEqual([1, 4]);
    expect(ready.values.get('sum')).toMatchObject({ unknown: 'shape' });
    const cuts = findCuts(ready);
    expect(cuts.map((cut) => cut.id)).toEqual(['input', 'x+c', 'sum', 'output']);
    expect(split(ready, cuts[2]!).tail.inputs.map((v) => v.name)).toEqual(['sum']);
  });

  it('takes an optional, and runs without it', async () => {
    const graph = parseModel(
      onnxFile(
        {
          input: [value('maybe', optionalType(tensorType('float32', [1]))), x],
          output: end,
          initializer: [weight],
          node: [
            node('OptionalHasElement', ['maybe'], ['has']),
            numbersOfX,
            node('Cast', ['has'], ['f'], { to: onnxType.float32 }),
            node('Add', ['h', 'f'], ['y']),
          ],
        },
        { opset: 18 },
      ),
    );
    const ready = await prepare(graph, engine);
    expect(ready.values.get('y')?.shape).toEqual([1, 4]);
    const cut = findCuts(ready).find((c) => c.id.includes('h'))!;
    const feeds = batchOf(1);
    const session = await engine.load(graph, { optimization: 'disabled' });
    const whole = await session.run(feeds);
    await expect(session.run({ ...feeds, maybe: float32([1], [1]) })).rejects.toMatchObject({ code: 'ENGINE_RUN' });
    await session.close();
    const { head, tail } = split(ready, cut);
    const first = await engine.load(head, { optimization: 'disabled' });
    const sent = await first.run(feeds);
    await first.close();
    expect(await runGraph(engine, tail, sent)).toEqual(whole);
  });

  it('takes a map', async () => {
    const graph = parseModel(
      onnxFile(
        {
          input: [value('m', mapType('string', tensorType('int64')))],
          output: [value('y', tensorType('float32', [1, 2]))],
          node: [
            node('DictVectorizer', ['m'], ['v'], { string_vocabulary: ['a', 'b'] }, 'ai.onnx.ml'),
            node('Cast', ['v'], ['y'], { to: onnxType.float32 }),
          ],
        },
        { ml: 2 },
      ),
    );
    const cuts = findCuts(await prepare(graph, engine));
    expect(cuts.map((c) => [c.id, c.activationBytes])[0]).toEqual(['input', null]);
    expect(cuts.at(-1)?.id).toBe('output');
  });

  it('takes texts', async () => {
    const graph = parseModel(
      onnxFile(
        {
          input: [value('word', tensorType('string', ['N', 1]))],
          output: [value('y', tensorType('float32', ['N', 1]))],
          node: [
            node(
              'LabelEncoder',
              ['word'],
              ['number'],
              { keys_strings: ['a', 'b'], values_int64s: [0, 1] },
              'ai.onnx.ml',
            ),
            node('Cast', ['number'], ['y'], { to: onnxType.float32 }),
          ],
        },
        { ml: 2 },
      ),
    );
    const ready = await prepare(graph, engine);
    const cuts = findCuts(ready);
    expect(cuts.map((c) => [c.id, c.activationBytes])).toEqual([
      ['input', null],
      ['number', 8],
      ['output', 4],
    ]);
    const word = { dtype: 'string', shape: [1, 1], data: ['b'] } as const;
    const { head } = split(ready, cuts[1]!);
    expect(await runGraph(engine, head, { word })).toEqual({ number: int64([1], [1, 1]) });
  });

  it('takes and answers bfloat16: inspected', async () => {
    const half = tensorType('bfloat16', ['N', 4]);
    const graph = parseModel(
      onnxFile({
        input: [value('x', half)],
        output: [value('y', half)],
        initializer: [weight],
        node: [
          node('Cast', ['x'], ['f'], { to: onnxType.float32 }),
          node('MatMul', ['f', 'W'], ['h']),
          node('Reshape', ['h', 'shape'], ['r']),
          node('Cast', ['r'], ['y'], { to: onnxType.bfloat16 }),
          node('Shape', ['f'], ['shape']),
        ],
      }),
    );
    const ready = await prepare(graph, engine);
    expect(ready.values.get('r')?.shape).toEqual([1, 4]);
    expect(findCuts(ready).map((c) => [c.id, c.activationBytes])).toEqual([
      ['input', 8],
      ['f', 16],
      ['h', 16],
      ['r', 16],
      ['output', 8],
    ]);
  });
});
