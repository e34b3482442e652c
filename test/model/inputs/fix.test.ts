/** A model with inputs fixed is the model fed with them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import {
  bindBatch,
  findCuts,
  type Graph,
  GraphBuilder,
  inferBatchShapes,
  inferShapes,
  int64,
  split,
  type Tensor,
  type Tensors,
} from '../../../src/model/index.ts';
import { fixInputs } from '../../../src/model/inputs/fix.ts';
import { settle } from '../../../src/model/inputs/settle.ts';
import { createRandom } from '../../../src/random.ts';
import { randomTensor } from '../../support/networks.ts';
import { clip, detector, filled, vad } from '../../support/several-inputs.ts';
import { runGraph, runSplit } from '../support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const fixed = (graph: Graph, values: Tensors) => {
  const map = new Map(Object.entries(values));
  return settle(fixInputs(graph, map), [...map.keys()], engine);
};
const tokens = int64([3, 1, 4, 1, 5, 9], [1, 6]);
const audio = (n: number) => randomTensor([n, 64], createRandom(5));
const picture = (n: number) => randomTensor([n, 3, 16, 16], createRandom(6));
const repeat = (t: Tensor, shape: readonly number[], times: number): Tensor => {
  const data = t.data as BigInt64Array;
  return { ...t, shape, data: BigInt64Array.from({ length: data.length * times }, (_, i) => data[i % data.length]!) };
};

describe('a model with inputs fixed', () => {
  it('answers as it does when it is fed with them', async () => {
    const sides = { im_shape: filled([1, 2], 640), scale_factor: filled([1, 2], 0.5) };
    const [whole, graph] = [detector(), await fixed(detector(), sides)];
    expect(graph.inputs.map((v) => v.name)).toEqual(['input']);
    const x = { input: picture(1) };
    expect(await runGraph(engine, graph, x)).toEqual(await runGraph(engine, whole, { ...x, ...sides }));
  });

  it('keeps a batch that it shares with them, and repeats their one sample', async () => {
    const value = { text: tokens };
    const whole = clip({ batch: 'batch' });
    const graph = await fixed(whole, value);
    expect(graph.inputs).toEqual([{ name: 'input', dtype: 'float32', shape: ['batch', 3, 16, 16] }]);
    const repeated = { input: picture(3), text: repeat(tokens, [3, 6], 3) };
    expect(await runGraph(engine, graph, { input: picture(3) })).toEqual(await runGraph(engine, whole, repeated));
  });

  it('has the batch of the picture alone where the two are independent', async () => {
    const whole = clip({ batch: 'pictures', textBatch: 'texts' });
    const graph = await fixed(whole, { text: repeat(tokens, [2, 6], 2) });
    const answer = await runGraph(engine, graph, { input: picture(3) });
    expect(answer.output!.shape).toEqual([3, 2]);
    const fed = { input: picture(3), text: repeat(tokens, [2, 6], 2) };
    expect(answer).toEqual(await runGraph(engine, whole, fed));
  });

  it('computes what follows from them once: the text is no longer there', async () => {
    const graph = await fixed(clip(), { text: tokens });
    expect(graph.nodes.map((n) => n.name)).toEqual([
      'conv1',
      'relu1',
      'conv2',
      'relu2',
      'gap',
      'flat',
      'image',
      'alike',
      'output',
    ]);
    expect([...graph.initializers.keys()]).not.toContain('vocabulary');
    expect(graph.initializers.get('turned')?.shape).toEqual([8, 1]);
  });

  it('takes the branch that they decide, and the one inside it', async () => {
    for (const rate of [16000, 8000, 4000]) {
      const value = { sr: int64([rate], []) };
      const graph = await fixed(vad(), value);
      expect(graph.nodes.map((n) => n.op)).not.toContain('If');
      const feeds = { audio: audio(1), state: randomTensor([2, 1, 6], createRandom(7)) };
      const whole = await runGraph(engine, vad(), { ...feeds, ...value });
      expect(await runGraph(engine, graph, feeds)).toEqual(whole);
    }
  });

  it('splits at every cut, for any batch', async () => {
    const state = randomTensor([2, 1, 6], createRandom(8));
    const graph = await fixed(vad({ batch: 'batch' }), { sr: int64([16000], []), state });
    const twice = (t: Tensor) => {
      const data = t.data as Float32Array;
      const rows = [data.slice(0, 6), data.slice(6)].flatMap((row) => [...row, ...row]);
      return { dtype: 'float32', shape: [2, 2, 6], data: Float32Array.from(rows) } as const;
    };
    const fed = { audio: audio(2), sr: int64([16000], []), state: twice(state) };
    const whole = await runGraph(engine, vad({ batch: 'batch' }), fed);
    const cuts = findCuts(await inferShapes(bindBatch(graph, 1), engine));
    expect(cuts.map((c) => c.id)).toEqual([
      'input',
      'stft_out',
      'features',
      'louder_out',
      'mixed',
      'recurred',
      'next',
      'output',
    ]);
    const known = await inferBatchShapes(graph, engine);
    for (const cut of cuts) {
      expect(split(known, cut).head.inputs[0]!.shape).toEqual(['batch', 64]);
      expect(await runSplit(engine, known, cut, { audio: audio(2) }), cut.id).toEqual(whole);
    }
  });

  it('may pass one straight out, and hold text', async () => {
    const b = new GraphBuilder(19);
    b.input('x', 'float32', ['n', 2]);
    b.input('mode', 'string', [1]);
    b.input('gain', 'float32', []);
    const small = b.op('Cast', ['gain'], { to: 16 }, 'small');
    const [high, low] = b.ops('Split', [b.op('Concat', ['mode', 'mode'], { axis: 0 })], { num_outputs: 2 }, ['a', 'c']);
    const loud = b.op('Equal', [high!, b.initializer({ dtype: 'string', shape: [1], data: ['loud'] }, 'loud')]);
    b.output(b.op('Where', [loud, b.op('Mul', ['x', b.op('Cast', [small], { to: 1 })]), 'x'], {}, 'y'));
    b.output(b.op('Identity', [low!], {}, 'said'), 'string', [1]);
    b.output('gain', 'float32', []);
    const values = { mode: { dtype: 'string', shape: [1], data: ['loud'] }, gain: filled([], 3) } as const;
    const whole = b.build();
    const made = await fixed(whole, values);
    expect(made.inputs.map((v) => v.name)).toEqual(['x']);
    const x = { x: filled([2, 2], 5) };
    const answer = await runGraph(engine, made, x);
    expect(answer).toEqual(await runGraph(engine, whole, { ...x, ...values }));
    expect(answer.y!.data).toEqual(new Float32Array(4).fill(15));
  });

  it('goes on computing what no engine hands out', async () => {
    const b = new GraphBuilder(17);
    b.input('x', 'float32', [1, 2]);
    b.input('gain', 'float32', [1, 2]);
    // bfloat16 is no type of an output, a sequence none of a tensor.
    const short = (name: string) => b.op('Cast', [name], { to: 16 }, `${name}_short`);
    const both = b.op('Concat', [short('x'), short('gain')], { axis: 1 }, 'both');
    b.output(b.op('Cast', [both], { to: 1 }, 'y'));
    const list = b.op('SequenceConstruct', [b.op('Neg', ['gain'], {}, 'less'), 'gain'], {}, 'list');
    const longer = b.op('SequenceInsert', [list, 'x'], {}, 'longer');
    b.output(b.op('ConcatFromSequence', [longer], { axis: 0 }, 'z'));
    b.output(b.op('Add', ['x', 'less'], {}, 'sum'));
    const values = { gain: filled([1, 2], 3) };
    const [whole, graph] = [b.build(), await fixed(b.build(), values)];
    const x = { x: filled([1, 2], 5) };
    expect(await runGraph(engine, graph, x)).toEqual(await runGraph(engine, whole, { ...x, ...values }));
    expect(graph.nodes.map((n) => n.name)).toEqual(expect.arrayContaining(['gain_short', 'list', 'longer']));
    expect([...graph.initializers.keys()]).toContain('less');
  });

  it('is the model itself where none are', async () => {
    const graph = clip();
    expect(await fixed(graph, {})).toBe(graph);
  });

  it('does not mind what names are called', async () => {
    const b = new GraphBuilder();
    b.input('__proto__', 'float32', ['n', 2]);
    b.input('x=1', 'float32', ['n', 2]);
    b.input('constructor', 'float32', ['n', 1]);
    b.output(b.op('Mul', ['__proto__', b.op('Mul', ['x=1', 'constructor'])], {}, 'toString'));
    const graph = await fixed(b.build(), { 'x=1': filled([1, 2], 3), constructor: filled([1, 1], 2) });
    const session = await engine.load(graph);
    expect(session.inputs.map((v) => v.name)).toEqual(['__proto__']);
    await session.close();
  });
});

describe('inputs that cannot be fixed like this', () => {
  it('are refused with the node that does not take them', async () => {
    const outside = fixed(clip(), { text: int64([3, 1, 4, 1, 5, 99], [1, 6]) });
    await expect(outside).rejects.toMatchObject({ code: 'INPUT_REFUSED', exit: 2 });
    await expect(outside).rejects.toThrow(/text fixed .*: node tokens \(Gather\)/);
    const b = new GraphBuilder();
    b.input('x', 'float32', [1, 3]);
    b.input('w', 'float32', ['a', 'b']);
    b.op('MatMul', ['w', b.initializer(filled([3, 3], 1), 'kernel')], {}, 'made');
    b.output(b.op('Add', ['x', 'made'], {}, 'y'));
    await expect(fixed(b.build(), { w: filled([1, 4], 1) })).rejects.toThrow(/node made \(MatMul\)/);
  });

  it('are several samples of a batch that the picture has too', async () => {
    const many = () => fixInputs(clip({ batch: 'batch' }), new Map([['text', repeat(tokens, [2, 6], 2)]]));
    expect(many).toThrow(/\[2,6\] is more than one sample, and it shares its batch with input/);
    const bound = fixInputs(clip({ batch: 2 }), new Map([['text', repeat(tokens, [2, 6], 2)]]));
    expect(bound.inputs.map((v) => v.shape)).toEqual([[2, 3, 16, 16]]);
  });

  it('are all that there are', () => {
    const all = new Map([
      ['input', picture(1)],
      ['text', tokens],
    ]);
    expect(() => fixInputs(clip(), all)).toThrow(/nothing is left to cut/);
  });
});
