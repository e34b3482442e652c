/**
 * Resize in all its modes, against the engine itself: it is linear, so its gradient is right exactly if ⟨dy, R x⟩ = ⟨Rᵀ dy, x⟩
 * with both sides computed there. A nearest index that is off by one shows in the first digit.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { CutlineError } from '../../src/errors.ts';
import {
  attrInt,
  float32,
  type Graph,
  GraphBuilder,
  inferShapes,
  sizeOf,
  type Tensor,
  type Tensors,
} from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { type Case, caseOf, describeCase, everyResize } from '../support/cases/index.ts';
import { mismatch, numbers } from '../support/compare.ts';
import { randomTensor } from '../support/networks.ts';
import { runReference } from '../support/reference/index.ts';
import { inSinglePrecision, noise, vjpFeeds } from './check.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

async function run(graph: Graph, feeds: Tensors): Promise<Tensors> {
  const session = await engine.load(graph);
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

const filled = ({ shape }: Tensor, value: () => number): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, value),
});

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);

/** With channels last, antialiasing reads the region of another axis: such a node is refused. */
function mixesRegions({ graph: { nodes, outputs }, feeds }: Case): boolean {
  const { attributes } = nodes[0]!;
  const crops = attributes.coordinate_transformation_mode?.value === 'tf_crop_and_resize';
  const [from, to] = [Object.values(feeds)[0]!.shape, outputs[0]!.shape];
  return crops && from.length === 4 && from[1] !== to[1];
}

/** @returns how far the two sides are apart, relative to the sum of the terms; undefined where the engine takes no such node */
async function adjointError(drawn: Case): Promise<number | undefined> {
  let graph: Graph;
  try {
    graph = await inferShapes(drawn.graph, engine);
    await run(graph, drawn.feeds);
  } catch (error) {
    if (error instanceof CutlineError && /^ENGINE_(LOAD|RUN)$/.test(error.code)) return undefined;
    throw error;
  }
  const gradient = vectorJacobianGraph(graph);
  const [x, y] = [graph.inputs[0]!.name, graph.outputs[0]!.name];
  const made = (await run(graph, drawn.feeds))[y]!;
  // What lies outside is a constant.
  const constant = numbers((await run(graph, { [x]: filled(drawn.feeds[x]!, () => 0) }))[y]!);
  const values = numbers(made).map((v, i) => v - constant[i]!);
  const random = noise(7);
  let worst = 0;
  for (let k = 0; k < 3; k++) {
    const dy = filled(made, random);
    const dx = (await run(gradient, inSinglePrecision(vjpFeeds(drawn.feeds, { [y]: dy }))))[`gradient:${x}`]!;
    expect(dx.shape).toEqual(drawn.feeds[x]!.shape);
    const [left, right] = [dot(numbers(dy), values), dot(numbers(dx), numbers(drawn.feeds[x]!))];
    const size = dot(numbers(dy).map(Math.abs), values.map(Math.abs));
    worst = Math.max(worst, Math.abs(left - right) / Math.max(size, 1e-3));
  }
  return worst;
}

/** Every third row and column, by a scale that float32 cannot hold or by steps. */
async function everyThird(write: (b: GraphBuilder, x: string) => string): Promise<Graph> {
  const b = new GraphBuilder(17);
  const kernel = b.initializer(randomTensor([4, 3, 3, 3], createRandom(1)));
  const x = b.op('Conv', [b.input('x', 'float32', [1, 3, 33, 33]), kernel], { pads: [1, 1, 1, 1] });
  b.output(b.op('Tanh', [write(b, x)], {}, 'y'));
  return inferShapes(b.build(), engine);
}

const runs = 80;

describe('Resize', () => {
  it('makes on onnxruntime what the reference makes, extents included', async () => {
    await fc.assert(
      fc.asyncProperty(caseOf(everyResize), async ({ graph, feeds }) => {
        const expected = runReference(graph, feeds, { precision: 'declared' });
        expect(
          mismatch(await run(graph, feeds), expected, 2e-5),
          describeCase({ graph, feeds, reals: [] }),
        ).toBeUndefined();
      }),
      { numRuns: runs, seed: 31 },
    );
  });

  it('to a third is the Slice that takes every third value, bit for bit, and so is its gradient', async () => {
    const resized = await everyThird((b, x) =>
      b.op('Resize', [x, '', b.initializer(float32([1, 1, 1 / 3, 1 / 3], [4]))], {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
    );
    const sliced = await everyThird((b, x) => {
      const lists = [
        [0, 0],
        [33, 33],
        [2, 3],
        [3, 3],
      ].map((list) => b.constant(list, 'int64'));
      return b.op('Slice', [x, ...lists]);
    });
    const x = randomTensor([1, 3, 33, 33], createRandom(2));
    const dy = randomTensor([1, 4, 11, 11], createRandom(3));
    const feeds = { x, 'cotangent:y': dy };
    expect(await run(resized, { x })).toEqual(await run(sliced, { x }));
    const [a, b] = [await run(vectorJacobianGraph(resized), feeds), await run(vectorJacobianGraph(sliced), feeds)];
    expect(mismatch(a, b, 1e-6)).toBeUndefined();
  });

  it('has shapes that are those of its results', async () => {
    await fc.assert(
      fc.asyncProperty(caseOf(everyResize), async (drawn) => {
        const inferred = (await inferShapes(drawn.graph, engine)).outputs[0]!;
        expect(inferred.shape, describeCase(drawn)).toEqual(
          Object.values(await run(drawn.graph, drawn.feeds))[0]!.shape,
        );
      }),
      { numRuns: runs, seed: 32 },
    );
  });

  it('has the adjoint as its gradient, in every mode', async () => {
    await fc.assert(
      fc.asyncProperty(caseOf(everyResize), async (drawn) => {
        expect(await adjointError(drawn), describeCase(drawn)).toBeLessThan(1e-5);
      }),
      { numRuns: 2 * runs, seed: 33 },
    );
  });

  it('antialiased too, or is refused by name', async () => {
    let compared = 0;
    for (const drawn of fc.sample(caseOf(everyResize), { numRuns: 4 * runs, seed: 34 })) {
      const [node] = drawn.graph.nodes;
      const { mode } = node!.attributes;
      if (drawn.graph.opsets.get('')! < 18 || mode?.value === 'nearest') continue;
      const attributes = { ...node!.attributes, antialias: { type: 'int', value: 1 } as const };
      const graph = { ...drawn.graph, nodes: [{ ...node!, attributes }] };
      expect(attrInt(graph.nodes[0]!, 'antialias', 0)).toBe(1);
      if (mixesRegions(drawn)) {
        await expect(adjointError({ ...drawn, graph })).rejects.toMatchObject({ code: 'NO_GRADIENT_RULE' });
        continue;
      }
      const error = await adjointError({ ...drawn, graph });
      if (error === undefined) continue;
      expect(error, describeCase({ ...drawn, graph })).toBeLessThan(1e-5);
      compared++;
    }
    expect(compared).toBeGreaterThan(30);
  });
});
