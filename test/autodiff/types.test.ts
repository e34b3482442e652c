/** Layers in other types than float32: every rule gives what it gives for the same layer in float32, and the engine takes it. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rewritten, rules, vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { CutlineError } from '../../src/errors.ts';
import type { Graph, ValueInfo } from '../../src/model/graph.ts';
import { type FloatType, isFloat, type Tensors } from '../../src/model/tensor.ts';
import { type Case, caseOf, describeCase, operatorCases } from '../support/cases/index.ts';
import { difference, numbers } from '../support/compare.ts';
import { runReference } from '../support/reference/index.ts';
import { cotangentsOf, inSinglePrecision, noise, vjpFeeds, withShapes } from './check.ts';
import { convert, feedsHeldBy, island, wholly, withWeightsHeldBy } from './island.ts';
import { refusals } from './refusals.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** What quantises takes float32 only. */
const float32Only = new Set(['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear']);

const types = ['float16', 'bfloat16', 'float64'] as const satisfies readonly FloatType[];

/** onnxruntime has no kernels of bfloat16 for the CPU, and few of float64. */
async function isTaken(graph: Graph): Promise<boolean> {
  // Loaded, but neither fed nor fetched.
  if ([...graph.inputs, ...graph.outputs].some((v) => v.dtype === 'bfloat16')) return false;
  try {
    await (await engine.load(graph)).close();
    return true;
  } catch (error) {
    if (error instanceof CutlineError && error.code === 'ENGINE_LOAD') return false;
    throw error;
  }
}

const differentiable = ({ reals, feeds, graph }: Case): boolean =>
  reals.length > 0 &&
  reals.every((name) => feeds[name]!.data.length > 0) &&
  graph.outputs.some((o) => o.dtype === 'float32');

/** The inputs of a graph in the types it declares. */
const fed = (graph: Graph, feeds: Tensors): Tensors =>
  Object.fromEntries(
    graph.inputs.map(({ name, dtype }) => [name, isFloat(dtype) ? convert(feeds[name]!, dtype) : feeds[name]!]),
  );

/** @returns whether gradients were compared */
async function checkType(
  drawn: Case,
  dtype: FloatType,
  write: (dtype: FloatType, graph: Graph) => Graph,
): Promise<boolean> {
  if (!differentiable(drawn) || refusals(drawn)) return false;
  const feeds = feedsHeldBy(dtype, drawn.feeds);
  const twin = withShapes(withWeightsHeldBy(dtype, drawn.graph), feeds);
  const typed = withTypes(write(dtype, drawn.graph), feeds);
  if (!typed.outputs.some((o) => isFloat(o.dtype))) return false;
  const cotangents = cotangentsOf(twin, noise(3));
  const expected = runReference(vectorJacobianGraph(twin), vjpFeeds(feeds, cotangents));
  const gradient = vectorJacobianGraph(typed);
  const found = runReference(gradient, vjpFeeds(feeds, cotangents));
  for (const [name, want] of Object.entries(expected)) {
    const off = difference(numbers(found[name]!), numbers(want));
    expect(off, `${dtype} ${describeCase(drawn)}: ${name}`).toBeLessThan(1e-6);
  }
  if (await isTaken(typed)) {
    const session = await engine.load(gradient);
    const results = await session.run(fed(gradient, inSinglePrecision(vjpFeeds(feeds, cotangents))));
    await session.close();
    for (const { name, dtype: own, shape } of gradient.outputs) {
      expect(own).toBe('float32');
      expect(results[name]).toMatchObject({ dtype: own, shape });
    }
  }
  return true;
}

/** With the type and shape of every tensor, and real outputs only. */
function withTypes(graph: Graph, feeds: Tensors): Graph {
  const names = graph.nodes.flatMap((n) => n.outputs).filter((n) => n !== '');
  const made = runReference(graph, feeds, { precision: 'declared', outputs: names });
  const info = (name: string): ValueInfo => ({ name, dtype: made[name]!.dtype, shape: made[name]!.shape });
  const outputs = graph.outputs.map((o) => info(o.name)).filter((o) => isFloat(o.dtype));
  return { ...graph, outputs, values: new Map(names.map((name) => [name, info(name)])) };
}

describe('a layer in another type', () => {
  const writers = { 'between casts': island, 'from input to cut': wholly };
  for (const op of [...rules.keys(), ...rewritten].filter((name) => !float32Only.has(name)).sort()) {
    it.each(Object.entries(writers))(`${op} has the gradient of its twin in float32, %s`, async (_, write) => {
      let compared = 0;
      for (const dtype of types) {
        for (const generator of operatorCases[op]!) {
          for (const drawn of fc.sample(caseOf(generator), { numRuns: 4, seed: 19 })) {
            if (await checkType(drawn, dtype, write)) compared++;
          }
        }
      }
      expect(compared).toBeGreaterThan(0);
    });
  }
});
