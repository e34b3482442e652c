/** Shapes found by running a graph: what is inferred can be wrong, or nothing. */
import type { Engine } from '../../engine/engine.ts';
import { CutlineError } from '../../errors.ts';
import type { Graph, Node, ValueInfo } from '../graph.ts';
import { emptyData, onnxNumber } from '../onnx/dtype.ts';
import { reads } from '../reads.ts';
import { asNumbers, sizeOf, type Tensor, type Tensors } from '../tensor.ts';
import { fixedShape } from '../values.ts';
import { withOutputs, withSession, withShapes } from './declared.ts';

/**
 * Types and shapes of tensors whose shapes do not depend on data, by name, from one run on zeros, or on ones where the graph
 * cannot take zeros. Nothing where it can take neither.
 * @param typed tensors whose type is known: of these only the Shape is fetched
 * @param untyped the others
 */
export async function valuesByRunning(
  graph: Graph,
  typed: ReadonlyMap<string, ValueInfo>,
  untyped: readonly string[],
  engine: Engine,
): Promise<Map<string, ValueInfo>> {
  const { graph: asking, lengths } = withShapes(graph, [...typed.keys()]);
  const wanted = [...lengths.values(), ...untyped];
  const needed = withHalvesCast(ancestorsOf(withOutputs(asking, wanted), wanted));
  const fed = needed.inputs.filter((v) => v.unknown !== 'opaque');
  if (fed.some((v) => !fixedShape(v))) return new Map();
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

/** Only what these tensors are made of: what else the graph does might fail on zeros. */
function ancestorsOf(graph: Graph, names: readonly string[]): Graph {
  const needed = new Set(names);
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((o) => needed.has(o))) continue;
    nodes.push(node);
    for (const name of reads(node)) needed.add(name);
  }
  const only = <T>(map: ReadonlyMap<string, T>) => new Map([...map].filter(([name]) => needed.has(name)));
  return {
    ...graph,
    inputs: graph.inputs.filter((v) => needed.has(v.name)),
    nodes: nodes.reverse(),
    initializers: only(graph.initializers),
    ...(graph.sealed && { sealed: only(graph.sealed) }),
  };
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

/** More than that is not made to run a graph once: a tensor of onnxruntime's own models ends there too. */
const maxFilled = 2 ** 31 - 1;

/**
 * The same number everywhere; texts are empty. Inputs only have to fit.
 * @throws CutlineError ENGINE_RUN for inputs that no memory holds
 */
export function filled(inputs: readonly ValueInfo[], value: number): Tensors {
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }): [string, Tensor] => {
      if (!(sizeOf(shape as number[]) <= maxFilled)) {
        throw new CutlineError('ENGINE_RUN', { problem: `input ${name} [${shape}] is too large` });
      }
      const data = emptyData(dtype, sizeOf(shape as number[]));
      if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(value));
      else if (ArrayBuffer.isView(data)) (data as Float32Array).fill(value);
      return [name, { dtype, shape: shape as number[], data }];
    }),
  );
}
