/** What the runtime infers and then does not keep: shapes are those of what runs, and gradients meet them. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proveGradient, vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { CutlineError } from '../../src/errors.ts';
import {
  type AttributeLike,
  findCuts,
  float32,
  type Graph,
  GraphBuilder,
  inferShapes,
  resolveCut,
  sizeOf,
  split,
  type Tensors,
} from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { mismatch } from '../support/compare.ts';
import { randomTensor } from '../support/networks.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

async function run(graph: Graph, feeds: Tensors, outputs = graph.outputs): Promise<Tensors> {
  const session = await engine.load({ ...graph, outputs }, { optimization: 'disabled' });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

interface Drawn {
  readonly graph: Graph;
  readonly feeds: Tensors;
  readonly what: string;
}

/** `x` → the operator → Sigmoid, whose gradient reads what it made → a mean over all. */
function drawn(
  op: string,
  extents: readonly number[],
  opset: number,
  attributes: Record<string, AttributeLike>,
  others: (b: GraphBuilder) => string[] = () => [],
): Drawn {
  const b = new GraphBuilder(opset);
  const shape = [1, 2, ...extents];
  const x = b.input('x', 'float32', shape);
  const made = b.op(op, [x, ...others(b)], attributes, 'made');
  b.output(b.op('GlobalAveragePool', [b.op('Sigmoid', [made], {}, 'soft')], {}, 'y'));
  const what = `opset ${opset} ${op} [${shape}] ${JSON.stringify(attributes)}`;
  return { graph: b.build(), feeds: { x: randomTensor(shape, createRandom(1)) }, what };
}

const small = fc.integer({ min: 1, max: 4 });
const extent = fc.integer({ min: 2, max: 13 });
const pair = <T>(arbitrary: fc.Arbitrary<T>) => fc.tuple(arbitrary, arbitrary);

const pool: fc.Arbitrary<Drawn> = fc
  .record({
    op: fc.constantFrom('MaxPool', 'AveragePool', 'LpPool'),
    opset: fc.constantFrom(19, 22),
    extents: pair(extent),
    kernel_shape: pair(small),
    strides: pair(small),
    dilations: pair(fc.integer({ min: 1, max: 2 })),
    auto_pad: fc.constantFrom('NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
    ceil_mode: fc.constantFrom(0, 1, 1),
  })
  .map(({ op, opset, extents, ...attributes }) => drawn(op, extents, opset, attributes));

const scale = fc.constantFrom(1 / 3, 2 / 3, 4 / 3, 5 / 3, 0.7, 1.1, 1.25, 2, 7 / 3, 1.2, 1.4, 1.6);

const resize: fc.Arbitrary<Drawn> = fc
  .record({
    opset: fc.constantFrom(9, 10, 11, 13, 18),
    extents: pair(fc.integer({ min: 3, max: 15 })),
    by: pair(scale),
  })
  .map(({ opset, extents, by }) => {
    // Upsample only grows.
    const scales = float32([1, 1, ...by.map((s) => (opset === 9 && s < 1 ? 1 / s : s))], [4]);
    const lists = (b: GraphBuilder) => {
      const list = b.initializer(scales);
      return opset < 11 ? [list] : [opset < 13 ? b.initializer(float32([], [0])) : '', list];
    };
    const attributes = { mode: 'nearest', ...(opset > 10 && { coordinate_transformation_mode: 'asymmetric' }) };
    return drawn(opset === 9 ? 'Upsample' : 'Resize', extents, opset, attributes, lists);
  });

const convTranspose: fc.Arbitrary<Drawn> = fc
  .record({
    opset: fc.constantFrom(11, 22),
    extents: pair(extent),
    kernel: pair(small),
    strides: pair(fc.integer({ min: 2, max: 4 })),
    auto_pad: fc.constantFrom('SAME_UPPER', 'SAME_LOWER'),
    output_padding: pair(fc.integer({ min: 0, max: 1 })),
  })
  .map(({ opset, extents, kernel, ...attributes }) =>
    drawn('ConvTranspose', extents, opset, attributes, (b) => [
      b.initializer(randomTensor([2, 3, ...kernel], createRandom(2))),
    ]),
  );

const takes = async (work: () => Promise<unknown>): Promise<boolean> => {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof CutlineError && error.code.startsWith('ENGINE_')) return false;
    throw error;
  }
};

describe('extents that the runtime reckons twice', () => {
  for (const [name, cases] of Object.entries({ pool, resize, convTranspose })) {
    it(`are those of what runs: ${name}`, async () => {
      let otherwise = 0;
      for (const { graph, feeds, what } of fc.sample(cases, { numRuns: 150, seed: 11 })) {
        const inner = ['made', 'soft', 'y'].map(
          (n) => ({ name: n, dtype: 'float32', shape: [], unknown: 'shape' }) as const,
        );
        if (!(await takes(() => run(graph, feeds, inner)))) continue;
        const made = await run(graph, feeds, inner);
        const inferred = await inferShapes(graph, engine);
        const declared = await engine.load({ ...graph, outputs: inner }, { optimization: 'disabled' });
        if (String(declared.outputs[0]!.shape) !== String(made.made!.shape)) otherwise++;
        await declared.close();
        for (const { name: tensor } of inner) {
          expect(inferred.values.get(tensor)!.shape, `${what}: ${tensor}`).toEqual(made[tensor]!.shape);
        }
      }
      // Otherwise the runtime has mended its inference, and this file has nothing to do.
      expect(otherwise).toBeGreaterThan(0);
    });

    it(`are those that gradients meet: ${name}`, async () => {
      for (const { graph, feeds, what } of fc.sample(cases, { numRuns: 120, seed: 12 })) {
        // Its rule has conditions of its own: see the sweep over attributes.
        if (graph.nodes[0]!.op === 'MaxPool') continue;
        if (!(await takes(() => run(graph, feeds)))) continue;
        const inferred = await inferShapes(graph, engine);
        if (sizeOf(inferred.values.get('made')!.shape as number[]) === 0) continue;
        const gradient = vectorJacobianGraph(inferred);
        await expect(proveGradient(engine, gradient), what).resolves.toBeUndefined();
      }
    });
  }
});

describe('a network cut where it was resized by 5/3', () => {
  it('computes in head and tail what the whole computes', async () => {
    const { graph, feeds } = drawn(
      'Resize',
      [6, 6],
      13,
      { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
      (b) => ['', b.initializer(float32([1, 1, 5 / 3, 5 / 3], [4]))],
    );
    const inferred = await inferShapes(graph, engine);
    const cut = resolveCut(findCuts(inferred), 'made');
    expect(cut.tensors[0]!.shape).toEqual([1, 2, 10, 10]);
    const { head, tail } = split(inferred, cut);
    const sent = await run(head, feeds);
    expect(mismatch(await run(tail, sent), await run(graph, feeds), 0)).toBeUndefined();
  });
});
