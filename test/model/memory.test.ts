import { afterAll, beforeAll, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import type { CutlineError } from '../../src/errors.ts';
import { float32, foldConstants, GraphBuilder, inferShapes, int64, scalar } from '../../src/model/index.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

type Write = (b: GraphBuilder, x: string) => string;

const many = 65_536;
const list = (b: GraphBuilder, ...values: number[]) => b.initializer(int64(values));
/** As exporters compute sizes, so that nothing infers them. */
const computed = (b: GraphBuilder, ...values: number[]) =>
  b.op(
    'Concat',
    values.map((v) => b.op('Mul', [list(b, v), list(b, 1)])),
    { axis: 0 },
  );
/** [1, 1, 1, 3] */
const picture = (b: GraphBuilder, x: string) => b.op('Reshape', [x, list(b, 1, 1, 1, 3)]);
const mean = (b: GraphBuilder, x: string) => b.op('ReduceMean', [x], { keepdims: 0 });
const body = (write: (b: GraphBuilder) => string) => {
  const b = new GraphBuilder();
  b.output(write(b));
  return { type: 'graph', value: b.build() } as const;
};

/** x [1, 3] → Relu → what is written → y; every one would take 8 GB or more. */
function graphOf(write: Write) {
  const b = new GraphBuilder();
  b.input('x', 'float32', [1, 3]);
  b.output(b.op('Sigmoid', [write(b, b.op('Relu', ['x']))], {}, 'y'));
  return b.build();
}

const constants: Record<string, Write> = {
  'a constant': (b, x) => b.op('Add', [x, mean(b, b.op('ConstantOfShape', [list(b, many, many)]))]),
  'a constant of a computed shape': (b, x) =>
    b.op('Add', [x, mean(b, b.op('ConstantOfShape', [computed(b, many, many)]))]),
  'a constant of the size of a constant': (b, x) => {
    const inner = b.op('ConstantOfShape', [computed(b, many)], { value: int64([1]) });
    const size = b.op('Concat', [b.op('ReduceSum', [inner]), list(b, many)], { axis: 0 });
    return b.op('Add', [x, mean(b, b.op('ConstantOfShape', [size]))]);
  },
  'a constant of the shape of an input': (b, x) =>
    b.op('Add', [
      x,
      mean(b, b.op('ConstantOfShape', [b.op('Mul', [b.op('Shape', [x]), list(b, 1_000_000, 1_000_000)])])),
    ]),
  'a range': (b, x) => {
    const end = b.op('Mul', [b.initializer(scalar(1e9)), b.initializer(scalar(4))]);
    return b.op('Add', [x, mean(b, b.op('Range', [b.initializer(scalar(0)), end, b.initializer(scalar(1))]))]);
  },
  'an outer product': (b, x) => {
    const rows = b.op('ConstantOfShape', [list(b, many, 1)]);
    return b.op('Add', [x, mean(b, b.op('MatMul', [rows, b.op('Transpose', [rows], { perm: [1, 0] })]))]);
  },
  'a constant in a branch': (b, x) =>
    b.op('If', [b.op('Greater', [b.op('ReduceMax', [x], { keepdims: 0 }), b.initializer(scalar(1))])], {
      then_branch: body((t) => mean(t, t.op('ConstantOfShape', [computed(t, many, many)]))),
      else_branch: body((t) => t.op('Constant', [], { value: scalar(1) })),
    }),
};

it.each(Object.entries(constants))('%s is refused before the engine folds it, by node', async (_, write) => {
  const refused = await inferShapes(graphOf(write), engine).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'MODEL_MEMORY' });
  expect((refused as CutlineError).message).toMatch(/ \d{10,} bytes at node \w+ \((ConstantOfShape|Range|MatMul)\)/);
});

const activations: Record<string, Write> = {
  'repeats of Tile': (b, x) => b.op('Tile', [x, list(b, many, many)]),
  'computed repeats': (b, x) => b.op('Tile', [x, computed(b, many, many)]),
  'extents of Expand': (b, x) => b.op('Expand', [b.op('Unsqueeze', [x, list(b, 2)]), computed(b, 1, 3, 2 ** 32)]),
  'pads of Conv': (b, x) =>
    b.op('Conv', [picture(b, x), b.initializer(float32([1], [1, 1, 1, 1]))], { pads: [0, 2 ** 31 - 1, 0, 2] }),
  'strides of ConvTranspose': (b, x) =>
    b.op('ConvTranspose', [picture(b, x), b.initializer(float32([1, 1], [1, 1, 1, 2]))], { strides: [1, 2 ** 31 - 1] }),
  'pads of Pad': (b, x) => b.op('Pad', [x, computed(b, many, many, many, many)]),
  'scales of Resize': (b, x) => b.op('Resize', [x, '', b.initializer(float32([many, many], [2]))]),
  'the depth of OneHot': (b, x) =>
    b.op('OneHot', [
      b.op('Cast', [x], { to: 7 }),
      b.initializer(int64([2 ** 31], [])),
      b.initializer(float32([0, 1], [2])),
    ]),
};

it.each(Object.entries(activations))('%s are told as they are, and not run', async (_, write) => {
  const ready = await inferShapes(graphOf(write), engine);
  expect(() => vectorJacobianGraph(ready)).toThrow(
    expect.objectContaining({ code: 'MODEL_MEMORY', details: expect.objectContaining({ limit: 3 * 2 ** 30 }) }),
  );
});

it('what has to be run to learn its shapes is refused where that would take too much', async () => {
  const scales = [many + 0.5, many + 0.5];
  const graph = graphOf((b, x) => b.op('Resize', [x, '', b.initializer(float32(scales, [2]))]));
  await expect(inferShapes(graph, engine)).rejects.toMatchObject({ code: 'MODEL_MEMORY' });
});

const rules: Record<string, Write> = {
  'the kernel of a pool': (b, x) => {
    const pads = [many - 1, many - 1, many - 1, many - 1];
    const attributes = { kernel_shape: [many, many], strides: [many, many], pads, count_include_pad: 1 };
    return b.op('AveragePool', [picture(b, x)], attributes);
  },
  'the neighbours of many channels': (b, x) =>
    b.op('LRN', [b.op('Expand', [b.op('Reshape', [x, list(b, 1, 1, 3)]), list(b, 1, 200_000, 3)])], { size: 3 }),
  'the steps of a recurrence': (b, x) => {
    const sequence = b.op('Expand', [b.op('Reshape', [x, list(b, 1, 1, 3)]), list(b, 1_000_000, 1, 3)]);
    const weights = [float32([1, 1, 1], [1, 1, 3]), float32([1], [1, 1, 1])].map((t) => b.initializer(t));
    return b.op('RNN', [sequence, ...weights], { hidden_size: 1 });
  },
};

it.each(Object.entries(rules))('%s: a gradient that would take too much is not written', async (_, write) => {
  const ready = await foldConstants(await inferShapes(graphOf(write), engine), engine);
  expect(() => vectorJacobianGraph(ready)).toThrow(expect.objectContaining({ code: 'MODEL_MEMORY' }));
});

it('what fits is not refused: a constant of a computed shape', async () => {
  const write: Write = (b, x) => b.op('Add', [x, mean(b, b.op('ConstantOfShape', [computed(b, 100, 200)]))]);
  const ready = await inferShapes(graphOf(write), engine);
  expect(ready.values.get('y')?.shape).toEqual([1, 3]);
});
