/** Heads that round, relaxed for descents: what they compute, and what slope they have. */
import { afterAll, describe, expect, it } from 'vitest';
import { hasSlope } from '../../src/autodiff/flat.ts';
import { isRelaxed, type Relaxation, relaxRounding, vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine } from '../../src/engine/index.ts';
import { asFloat32, float32, type Graph, GraphBuilder, inferShapes, prepare } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { signs, spellings } from '../support/coded.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const shape = [2, 3, 4] as const;
const size = 24;

/** The code of tanh(x), or whatever is written of it. */
function rounding(write: (b: GraphBuilder, y: string) => string): Promise<Graph> {
  const b = new GraphBuilder(17);
  const y = b.op('Tanh', [b.input('x', 'float32', shape)]);
  b.output(write(b, y), 'float32', shape);
  return prepare(b.build(), engine);
}

async function run(graph: Graph, feeds: Readonly<Record<string, Float32Array>>): Promise<Float32Array> {
  const session = await engine.load(graph);
  const tensors = Object.entries(feeds).map(([name, data]) => [name, float32(data, shape)]);
  const out = await session.run(Object.fromEntries(tensors));
  await session.close();
  return asFloat32(Object.values(out)[0]);
}

const relaxed = async (graph: Graph, way: Relaxation) => inferShapes(relaxRounding(graph, way), engine);
const pixels = (seed: number) => createRandom(seed).fillNormal(new Float32Array(size));

async function slopeOf(graph: Graph, x: Float32Array): Promise<Float32Array> {
  const vjp = vectorJacobianGraph(graph);
  const [cotangent] = vjp.inputs.filter((v) => v.name.startsWith('cotangent:'));
  return run(vjp, { x, [cotangent!.name]: new Float32Array(size).fill(1) });
}

const levels = 8;
const spelt = Object.entries(spellings).map(
  ([name, write]) => [name, (b: GraphBuilder, y: string) => write(b, y, levels)] as const,
);

describe.each(spelt)('a code written with %s', (name, write) => {
  it('is open within half a level of what is sent', async () => {
    const graph = await rounding(write);
    const open = await relaxed(graph, 'open');
    const x = pixels(1);
    const [sent, made] = [await run(graph, { x }), await run(open, { x })];
    const off = sent.map((v, i) => Math.abs(v - made[i]!));
    // Casts round towards zero: around it they have a level of twice the width.
    expect(Math.max(...off)).toBeLessThanOrEqual((name === 'integers' ? 1.5 : 1) / levels + 1e-5);
    // In the middle of what is rounded alike: to none of its sides.
    const mean = sent.reduce((sum, v, i) => sum + v - made[i]!, 0) / size;
    expect(Math.abs(mean)).toBeLessThan(0.5 / levels);
  });

  it('is sent as it was where rounding is passed, and has the slope of what was rounded either way', async () => {
    const graph = await rounding(write);
    const straight = await relaxed(graph, 'straight');
    const x = pixels(2);
    expect(await run(straight, { x })).toEqual(await run(graph, { x }));
    // What is beyond the levels is not.
    const most = name === 'clipped' ? 0.5 - 1 / levels : name === 'quantised' ? 1 - 1 / levels : 1;
    const tanh = x.map((v) => (Math.abs(Math.tanh(v)) > most ? Number.NaN : 1 - Math.tanh(v) ** 2));
    const exact = name === 'integers' ? ['straight'] : ['straight', 'open'];
    for (const way of exact as Relaxation[]) {
      const slope = await slopeOf(await relaxed(graph, way), x);
      const factor = name === 'clipped' ? 2 : 1;
      tanh.forEach((t, i) => void (Number.isNaN(t) || expect(slope[i]).toBeCloseTo(factor * t, 4)));
    }
  });

  it('has no gradient before', async () => {
    const graph = await rounding(write);
    // Quantisation carries its cotangent straight through in any graph.
    if (name === 'quantised') return expect(isRelaxed(await relaxed(graph, 'straight'))).toBe(false);
    expect(() => vectorJacobianGraph(graph)).toThrow(expect.objectContaining({ code: 'NO_GRADIENT_RULE' }));
  });
});

describe.each(Object.entries(signs))('two levels written with %s', (_, write) => {
  it('have a slope of the sign they had none of', async () => {
    const graph = await rounding(write);
    expect(() => vectorJacobianGraph(graph)).toThrow(expect.objectContaining({ code: 'NO_GRADIENT_RULE' }));
    const x = pixels(3);
    const sent = await run(graph, { x });
    for (const way of ['open', 'straight'] as const) {
      const made = await relaxed(graph, way);
      expect((await slopeOf(made, x)).every((v) => v > 1e-3)).toBe(true);
      const shown = await run(made, { x });
      if (way === 'straight') expect(shown).toEqual(sent);
      else expect(shown.every((v, i) => Math.sign(v) === Math.sign(sent[i]!) && Math.abs(v) < 0.5)).toBe(true);
    }
  });
});

describe('what rounds nothing', () => {
  it('stays the same object', async () => {
    const graph = await rounding((b, y) => b.op('Relu', [y]));
    expect(relaxRounding(graph, 'open')).toBe(graph);
    expect(relaxRounding(graph, 'straight')).toBe(graph);
  });

  it('stays so where comparisons choose among branches that move, by Where and by a mask', async () => {
    const leaky = await rounding((b, y) =>
      b.op('Where', [b.op('Less', [y, b.constant(0)]), b.op('Mul', [y, b.constant(0.1)]), y]),
    );
    const masked = await rounding((b, y) =>
      b.op('Mul', [y, b.op('Cast', [b.op('Greater', [y, b.constant(0)])], { to: 1 })]),
    );
    for (const graph of [leaky, masked]) expect(relaxRounding(graph, 'open')).toBe(graph);
  });

  it('stays so where rounding is of shapes and constants', async () => {
    const graph = await rounding((b, y) => {
      const half = b.op('Floor', [b.op('Mul', [b.op('Cast', [b.op('Shape', [y])], { to: 1 }), b.constant(1.1)])]);
      const whole = b.op('Reshape', [y, b.op('Cast', [half], { to: 7 })]);
      return b.op('Add', [whole, b.op('Floor', [b.constant(1.5)])]);
    });
    expect(relaxRounding(graph, 'open')).toBe(graph);
  });
});

describe('rounding within a head', () => {
  it('is relaxed wherever it stands, integers and what is made of them too', async () => {
    const graph = await rounding((b, y) => {
      const level = b.op('Cast', [b.op('Mul', [y, b.constant(10)])], { to: 6 });
      const shifted = b.op('Add', [level, b.initializer({ dtype: 'int32', shape: [], data: Int32Array.of(3) })]);
      const turned = b.op('Reshape', [shifted, b.constant([2, 12], 'int64')]);
      const back = b.op('Reshape', [b.op('Cast', [turned], { to: 1 }), b.constant([...shape], 'int64')]);
      return b.op('Tanh', [b.op('Round', [back])]);
    });
    for (const way of ['open', 'straight'] as const) {
      const made = await relaxed(graph, way);
      expect(isRelaxed(made)).toBe(true);
      expect(made.nodes.filter((n) => n.op === 'Cast').map((n) => n.attributes.to)).toEqual([
        { type: 'int', value: 1 },
      ]);
      expect(hasSlope(made, ['x'])).toBe(true);
    }
    const x = pixels(4);
    expect(await run(await relaxed(graph, 'straight'), { x })).toEqual(await run(graph, { x }));
  });

  it('leaves integers that stand for themselves: those who look things up by them have no slope', async () => {
    const graph = await rounding((b, y) => {
      const index = b.op('Cast', [b.op('Mul', [b.op('Abs', [y]), b.constant(3.9)])], { to: 7 });
      return b.op('Gather', [b.constant([0.1, 0.4, 0.2, 0.9]), index]);
    });
    expect(hasSlope(relaxRounding(graph, 'open'), ['x'])).toBe(false);
  });
});
