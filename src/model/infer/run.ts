/** Shapes found by running a graph: what is inferred can be wrong, or nothing. */

import { CutlineError } from '../../errors.ts';
import type { Engine } from '../engine.ts';
import type { Graph, Node, ValueInfo } from '../graph.ts';
import { requireMemory } from '../memory.ts';
import { emptyData, onnxNumber } from '../onnx/dtype.ts';
import { prune } from '../prune.ts';
import { reads } from '../reads.ts';
import { asNumbers, sizeOf, type Tensor, type Tensors } from '../tensor.ts';
import { allValues, fixedShape } from '../values.ts';
import { withShapes } from './declared.ts';
import { withOutputs, withSession } from './session.ts';

/**
 * Types and shapes of tensors whose shapes do not depend on data, by name, from one run on zeros, or on ones where the graph
 * cannot take zeros. Nothing where it can take neither.
 * @param known what is inferred of the graph
 * @param typed tensors whose type is known: of these only the Shape is fetched
 * @param untyped the others
 * @throws CutlineError MODEL_MEMORY
 */
export async function valuesByRunning(
  graph: Graph,
  known: ReadonlyMap<string, ValueInfo>,
  typed: ReadonlyMap<string, ValueInfo>,
  untyped: readonly string[],
  engine: Engine,
): Promise<Map<string, ValueInfo>> {
  const { graph: asking, lengths } = withShapes(graph, [...typed.keys()]);
  const wanted = [...lengths.values(), ...untyped];
  // What else the graph does might fail on zeros.
  const needed = withHalvesCast(readInputs(prune(withOutputs(asking, wanted))));
  const fed = needed.inputs.filter((v) => v.unknown !== 'opaque');
  if (fed.some((v) => !fixedShape(v))) return new Map();
  requireMemory(needed, new Map([...known, ...allValues({ ...needed, outputs: [] })]));
  return withSession(engine, needed, async (session) => {
    for (const value of [0, 1]) {
      try {
        const results = new Map(Object.entries(await session.run(filled(fed, value), { outputs: wanted })));
        const found = new Map<string, ValueInfo>();
        for (const [name, v] of typed) {
          found.set(name, { name, dtype: v.dtype, shape: asNumbers(results.get(lengths.get(name)!)!) });
        }
        for (const name of untyped) {
          const { dtype, shape } = results.get(name)!;
          found.set(name, { name, dtype, shape });
        }
        return found;
      } catch (error) {
        if (!(error instanceof CutlineError) || error.code !== 'ENGINE_RUN') throw error;
      }
    }
    return new Map();
  });
}

function readInputs(graph: Graph): Graph {
  const read = new Set([...graph.nodes.flatMap(reads), ...graph.outputs.map((v) => v.name)]);
  return { ...graph, inputs: graph.inputs.filter((v) => read.has(v.name)) };
}

/** bfloat16 cannot be fed: such an input becomes a float32 one that is cast. */
function withHalvesCast(graph: Graph): Graph {
  const casts = graph.inputs.filter((v) => v.dtype === 'bfloat16' && !v.unknown);
  const fed = new Map(casts.map((v) => [v.name, `${v.name}/cutline-fed`]));
  return {
    ...graph,
    inputs: graph.inputs.map((v) => (fed.has(v.name) ? { ...v, name: fed.get(v.name)!, dtype: 'float32' } : v)),
    nodes: [
      ...casts.map(
        ({ name, dtype }): Node => ({
          name: '',
          op: 'Cast',
          domain: '',
          inputs: [fed.get(name)!],
          outputs: [name],
          attributes: { to: { type: 'int', value: onnxNumber(dtype) } },
        }),
      ),
      ...graph.nodes,
    ],
  };
}

/** The same number everywhere; texts are empty. Inputs only have to fit: ask `requireMemory` before. */
export function filled(inputs: readonly ValueInfo[], value: number): Tensors {
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }): [string, Tensor] => {
      const data = emptyData(dtype, sizeOf(shape as number[]));
      if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(value));
      else if (ArrayBuffer.isView(data)) (data as Float32Array).fill(value);
      return [name, { dtype, shape: shape as number[], data }];
    }),
  );
}
