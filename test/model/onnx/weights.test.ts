/** Weights as files hold them: listed twice, sparse, in types that JavaScript lacks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { compose, cost, encodeModel, float32, parseModel } from '../../../src/model/index.ts';
import { numbers } from '../../support/compare.ts';
import { type GraphInit, node, onnxFile, type TensorInit, tensor, tensorType, value } from '../../support/onnx.ts';
import { runGraph } from '../support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const scalar = (v: number, name = 'w') => tensor(name, 'float32', [1], [v]);
const sparse = (name: string, v: number) => ({
  values: tensor(name, 'float32', [1], [v]),
  indices: tensor('', 'int64', [1], [0]),
  dims: [1n],
});

/** y = x + w */
const sum = (rest: GraphInit): Uint8Array =>
  onnxFile({
    input: [value('x', tensorType('float32', [1]))],
    output: [value('y', tensorType('float32', [1]))],
    ...rest,
    node: [...(rest.node ?? []), node('Add', ['x', 'w'], ['y'])],
  });

/** What the engine makes of the file as it is, and of what we read of it. */
async function answers(file: Uint8Array): Promise<number[]> {
  const of = async (model: Uint8Array) => {
    const session = await engine.load(model);
    const { y } = await session.run({ x: float32([1], [1]) });
    await session.close();
    return numbers(y!)[0]!;
  };
  return [await of(file), await of(encodeModel(parseModel(file)))];
}

const constant = (v: number) => node('Constant', [], ['w'], { value: { tensor: tensor('', 'float32', [1], [v]) } });

describe('a weight that is there twice', () => {
  it.each<[string, GraphInit, number]>([
    ['as two initializers', { initializer: [scalar(10), scalar(20)] }, 21],
    ['as three', { initializer: [scalar(10), scalar(20), scalar(30)] }, 31],
    ['as an initializer and a Constant', { initializer: [scalar(10)], node: [constant(30)] }, 31],
    ['as two Constants', { node: [constant(30), constant(40)] }, 41],
    ['sparse and dense', { initializer: [scalar(10)], sparseInitializer: [sparse('w', 50)] }, 51],
  ])('%s is the one that the runtime takes', async (_, rest, expected) => {
    expect(await answers(sum(rest))).toEqual([expected, expected]);
  });

  it('is opened once: where the first one lies does not matter', async () => {
    const lost: TensorInit = {
      name: 'w',
      dataType: 1,
      dims: [1n],
      dataLocation: 1,
      externalData: [{ key: 'location', value: 'gone.bin' }],
    };
    expect(numbers(parseModel(sum({ initializer: [lost, scalar(20)] })).initializers.get('w')!)).toEqual([20]);
  });

  it('is refused where the runtime refuses it: other shapes, a node that computes it', async () => {
    const wide = tensor('w', 'float32', [2], [1, 2]);
    for (const rest of [
      { initializer: [wide, scalar(1)] },
      { initializer: [scalar(1)], node: [node('Neg', ['x'], ['w'])] },
    ]) {
      await expect(engine.load(sum(rest))).rejects.toMatchObject({ code: 'ENGINE_LOAD' });
      expect(() => parseModel(sum(rest))).toThrowError(/w is defined twice/);
    }
  });
});

describe('weights that are carried along unopened', () => {
  /** x + w, with w in 4 bits and a scale: −8 … 7 times 0.5. */
  const quantised = () =>
    onnxFile(
      {
        input: [value('x', tensorType('float32', [4]))],
        output: [value('y', tensorType('float32', [4]))],
        initializer: [
          { name: 'q', dataType: 22, dims: [4n], rawData: Uint8Array.of(0x21, 0xf8) },
          tensor('s', 'float32', [], [0.5]),
        ],
        node: [node('DequantizeLinear', ['q', 's'], ['w']), node('Add', ['x', 'w'], ['y'])],
      },
      { opset: 21 },
    );
  const expected = [0.5, 1, -4, -0.5];
  const zero = float32([0, 0, 0, 0], [4]);

  it('4-bit ones run, are written back, and count as parameters', async () => {
    const graph = parseModel(quantised());
    expect(numbers((await runGraph(engine, graph, { x: zero })).y!)).toEqual(expected);
    expect(parseModel(encodeModel(graph))).toEqual(graph);
    expect(cost(graph)).toMatchObject({ parameters: 4 });
    expect(cost(graph).nodes[1]).toMatchObject({ parameterBytes: 2, weights: ['q'] });
  });

  it('keep the name that they get when graphs are joined', async () => {
    const graph = parseModel(quantised());
    const second = {
      ...graph,
      inputs: graph.inputs.map((v) => ({ ...v, name: 'y' })),
      nodes: graph.nodes.map((n) => ({
        ...n,
        inputs: n.inputs.map((i) => (i === 'x' ? 'y' : i)),
        outputs: n.outputs.map((o) => (o === 'y' ? 'z' : o)),
      })),
      outputs: [{ ...graph.outputs[0]!, name: 'z' }],
    };
    const both = compose(graph, second);
    expect(numbers((await runGraph(engine, both, { x: zero })).z!)).toEqual(expected.map((v) => 2 * v));
  });

  it('sparse ones too', async () => {
    const graph = parseModel(sum({ sparseInitializer: [sparse('w', 50)] }));
    expect(numbers((await runGraph(engine, graph, { x: float32([1], [1]) })).y!)).toEqual([51]);
    expect(parseModel(encodeModel(graph))).toEqual(graph);
    expect(cost(graph).parameters).toBe(1);
  });

  it('must have as many bytes as their shape needs', () => {
    const short = onnxFile({
      output: [value('y')],
      initializer: [{ name: 'q', dataType: 22, dims: [5n], rawData: Uint8Array.of(1, 2) }],
      node: [node('Identity', ['q'], ['y'])],
    });
    expect(() => parseModel(short)).toThrowError(/tensor q has 2 bytes for shape \[5\]/);
  });
});
