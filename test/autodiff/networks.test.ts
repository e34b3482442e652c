/** Whole generated networks: gradients of input and weights against central differences, and on the engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backward, prune, raiseOpset, vectorJacobianGraph, writeForward } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import type { Graph } from '../../src/model/graph.ts';
import { float32, sizeOf, type Tensor, type Tensors } from '../../src/model/tensor.ts';
import { difference, numbers } from '../support/compare.ts';
import { networks } from '../support/networks.ts';
import { runReference } from '../support/reference/index.ts';
import {
  byInput,
  compareJointly,
  compareWithDifferences,
  cotangentsOf,
  inSinglePrecision,
  noise,
  vjpFeeds,
  withShapes,
} from './check.ts';

/** ReLUs are everywhere: a short step, and directions with a kink within reach are left out. */
const differences = { tolerance: 2e-5, step: 1e-6, coordinates: 3, skipKinks: true };

const jointly = { tolerance: 1e-6, step: 1e-6, directions: 4 };

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const feedOf = (shape: readonly number[], seed: number): Tensor => {
  const random = noise(seed);
  return float32(Float32Array.from({ length: sizeOf(shape) }, random), shape);
};

/** Statistics of batch norm are constants of the network, and limits of Clip are settings. */
function weightsOf(graph: Graph): string[] {
  const fixed = new Set(
    graph.nodes.flatMap((n) =>
      n.op === 'BatchNormalization' ? n.inputs.slice(3) : n.op === 'Clip' ? n.inputs.slice(1) : [],
    ),
  );
  return [...graph.initializers].filter(([name, t]) => t.dtype === 'float32' && !fixed.has(name)).map(([name]) => name);
}

/** The gradient graph with respect to initializers, each an output `gradient:<name>`. */
function weightGradientGraph(graph: Graph, weights: readonly string[]): Graph {
  const forward = writeForward(graph, weights);
  const b = forward.g.graph;
  const seeds = new Map(graph.outputs.map((o) => [o.name, b.input(`cotangent:${o.name}`, o.dtype, o.shape)] as const));
  for (const [name, gradient] of backward(forward, seeds, weights)) {
    b.output(b.op('Identity', [gradient], {}, `gradient:${name}`), 'float32', forward.shape(name));
  }
  return prune(b.build());
}

/** The same graph with some initializers turned into inputs, so that differences can move them. */
const fed = (graph: Graph, weights: readonly string[]): Graph => ({
  ...graph,
  inputs: [
    ...graph.inputs,
    ...weights.map((name) => ({ name, dtype: 'float32' as const, shape: graph.initializers.get(name)!.shape })),
  ],
  initializers: new Map([...graph.initializers].filter(([name]) => !weights.includes(name))),
});

async function agreesOnEngine(vjp: Graph, feeds: Tensors, exact: Tensors): Promise<void> {
  const session = await engine.load(vjp);
  const single = await session.run(inSinglePrecision(feeds));
  await session.close();
  for (const [name, want] of Object.entries(exact)) {
    expect(difference(numbers(single[name]!), numbers(want)), name).toBeLessThan(1e-4);
  }
}

describe('networks', () => {
  for (const [name, { build, input }] of Object.entries(networks)) {
    const batch = 2;
    const feeds = { input: feedOf([batch, ...input], 11) };
    if (name === 'conditional') {
      it('conditional is refused, since a branch reads what is differentiated', () => {
        const graph = withShapes(build({ batch }), feeds);
        expect(() => vectorJacobianGraph(graph)).toThrow(expect.objectContaining({ code: 'NO_GRADIENT_RULE' }));
      });
      continue;
    }

    it(`${name}: the gradient of the input`, async () => {
      const random = noise(12);
      const graph = withShapes(build({ batch }), feeds);
      const vjp = vectorJacobianGraph(graph);
      const cotangents = cotangentsOf(graph, random);
      const exact = runReference(vjp, vjpFeeds(feeds, cotangents));
      const result = compareWithDifferences(graph, feeds, cotangents, byInput(exact), random, differences);
      expect(result.wrong).toEqual([]);
      expect(result.compared).toBeGreaterThan(result.skipped);
      await agreesOnEngine(vjp, vjpFeeds(feeds, cotangents), exact);
    });

    // Weights written as Constant nodes are no initializers.
    if (weightsOf(build({ batch })).length === 0) continue;
    it(`${name}: the gradients of the weights`, async () => {
      const random = noise(13);
      const graph = raiseOpset(withShapes(build({ batch }), feeds));
      const weights = weightsOf(graph);
      const vjp = weightGradientGraph(graph, weights);
      const cotangents = cotangentsOf(graph, random);
      const exact = runReference(vjp, vjpFeeds(feeds, cotangents));
      const values = Object.fromEntries(weights.map((w) => [w, graph.initializers.get(w)!]));
      const result = compareJointly(
        fed(graph, weights),
        { ...feeds, ...values },
        cotangents,
        byInput(exact),
        random,
        jointly,
      );
      expect(result.wrong).toEqual([]);
      expect(result.compared).toBeGreaterThan(result.skipped);
      await agreesOnEngine(vjp, vjpFeeds(feeds, cotangents), exact);
    });
  }
});
