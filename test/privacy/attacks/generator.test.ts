/** A generator in front of a head computes what the two compute one after the other. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Preprocessing } from '../../../src/data/index.ts';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, float32, type Graph, GraphBuilder, inferShapes, type Tensor } from '../../../src/model/index.ts';
import { codeObjective, headBehind } from '../../../src/privacy/attacks/generator/behind.ts';
import { deepDecoder } from '../../../src/privacy/attacks/generator/deep-decoder.ts';
import { fittingGenerator } from '../../../src/privacy/attacks/generator/fitting.ts';
import { residuals } from '../../../src/privacy/attacks/generator/residual.ts';
import { createRandom } from '../../../src/random.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const picture: Preprocessing = { layout: 'NCHW', channels: 1, height: 2, width: 3, mean: [0.5], std: [0.25] };
const numbers = (n: number, seed: number) => createRandom(seed).fillNormal(new Float32Array(n));

async function run(graph: Graph, input: Tensor): Promise<Float32Array> {
  const session = await engine.load(graph);
  try {
    const out = await session.run({ [graph.inputs[0]!.name]: input });
    return asFloat32(out[graph.outputs[0]!.name]);
  } finally {
    await session.close();
  }
}

/** Four numbers to six pixels; its tensors have names that heads use too. */
function generator(opset: number, batch: number | string, layout: 'NCHW' | 'NHWC' = 'NCHW'): Graph {
  const b = new GraphBuilder(opset);
  b.input('x', 'float32', [batch, 4]);
  const weights = b.initializer(float32(numbers(24, 1), [4, 6]), 'w');
  const shape = typeof batch === 'number' ? batch : -1;
  const row = layout === 'NCHW' ? [1, 2, 3] : [2, 3, 1];
  const made = b.op('MatMul', ['x', weights], {}, 'seen');
  b.output(b.op('Reshape', [made, b.constant([shape, ...row], 'int64')], {}, 'y'), 'float32', [batch, ...row]);
  return b.build('generator');
}

/** Takes the mean along the columns, in the form that opsets before 18 have or in the other. */
function head(opset: number, n: number): Promise<Graph> {
  const b = new GraphBuilder(opset);
  b.input('x', 'float32', [n, 1, 2, 3]);
  const halves = b.ops('Split', ['x'], opset >= 18 ? { axis: 2, num_outputs: 2 } : { axis: 2 }, ['w', 'rest']);
  const sum = b.op('Add', halves);
  const mean =
    opset >= 18
      ? b.op('ReduceMean', [sum, b.constant([3], 'int64')], { keepdims: 0 })
      : b.op('ReduceMean', [sum], { axes: [3], keepdims: 0 });
  b.output(b.op('Relu', [mean], {}, 'seen'), 'float32', [n, 1, 1]);
  return inferShapes(b.build('head'), engine);
}

describe('a head behind a generator', () => {
  it.each([
    [17, 17],
    [18, 17],
    [17, 18],
    [13, 18],
  ])('computes what they compute one after the other: opset %i before %i', async (first, second) => {
    const made = await fittingGenerator(generator(first, 'n'), picture, engine);
    const behind = await headBehind(made, { engine, head: (n) => head(second, n) }, 3);
    const codes = float32(numbers(12, 2), [3, 4]);
    const pictures = float32(await run(await made.graph(3), codes), [3, 1, 2, 3]);
    const expected = await run(await head(second, 3), pictures);
    expect(behind.outputs.map((v) => v.name)).toEqual(['seen']);
    const seen = await run(behind, codes);
    expect([...seen]).toEqual([...expected]);
    // The gradient graph of the whole can be written, and says that a code is at no distance from itself.
    const far = await residuals(
      engine,
      behind,
      codeObjective([4], { likelihood: { kind: 'squares', standardDeviation: 0 } }),
      codes,
      { seen: float32(expected, [3, 1, 1]) },
    );
    expect([...far]).toEqual([0, 0, 0]);
  });

  it('takes an export for one picture', async () => {
    const open = await fittingGenerator(generator(17, 'n'), picture, engine);
    const fixed = await fittingGenerator(generator(17, 1), picture, engine);
    const codes = float32(numbers(12, 3), [3, 4]);
    expect(await run(await fixed.graph(3), codes)).toEqual(await run(await open.graph(3), codes));
  });

  it('reads pixels in their own scale and order', async () => {
    const unit = { layout: 'NHWC', mean: [0], std: [1] } as const;
    const made = await fittingGenerator(generator(17, 'n', 'NHWC'), picture, engine, unit);
    const codes = float32(numbers(4, 4), [1, 4]);
    const pixels = await run(await inferShapes(generator(17, 1, 'NHWC'), engine), codes);
    const inputs = await run(await made.graph(1), codes);
    for (let i = 0; i < 6; i++) expect(inputs[i]!).toBeCloseTo((pixels[i]! - 0.5) / 0.25, 4);
  });
});

describe('a deep decoder', () => {
  it.each(['NCHW', 'NHWC'] as const)(
    'gives each row its own weights, within the range of pixels: %s',
    async (layout) => {
      const colour: Preprocessing = { layout, channels: 3, height: 11, width: 14, mean: [0, 0, 0], std: [1, 1, 1] };
      const decoder = deepDecoder(colour, { width: 6, doublings: 2 }, createRandom(1), engine);
      const [a, b] = [decoder.start(createRandom(2)), decoder.start(createRandom(3))];
      const shape = decoder.codeShape;
      const together = await run(await decoder.graph(2), float32(Float32Array.of(...a, ...b), [2, ...shape]));
      const alone = await run(await decoder.graph(1), float32(b, [1, ...shape]));
      expect(together.length).toBe(2 * 3 * 11 * 14);
      for (let i = 0; i < alone.length; i++) expect(together[alone.length + i]!).toBeCloseTo(alone[i]!, 5);
      expect(together.every((v) => v >= 0 && v <= 1)).toBe(true);
      expect(new Set(alone).size).toBeGreaterThan(50);
    },
  );
});
