/** Which tensors an engine can hand out: not all that a graph computes with are of a type that comes back from it. */

import { CutlineError } from '../../errors.ts';
import type { Engine } from '../engine.ts';
import type { Graph, ValueInfo } from '../graph.ts';
import { onnxNumber } from '../onnx/dtype.ts';
import { fixedShape } from '../values.ts';

/**
 * Those of `names` that can be outputs. bfloat16 refuses the whole graph, a sequence looks like a tensor until it is run.
 * @param part the graph that computes these tensors as its outputs
 * @throws CutlineError ENGINE_LOAD when the graph itself is refused
 */
export async function returnable(
  names: readonly string[],
  part: (wanted: readonly string[]) => Graph,
  engine: Engine,
): Promise<string[]> {
  const look = async (graph: Graph): Promise<readonly ValueInfo[] | CutlineError> => {
    try {
      const session = await engine.load(graph, { optimization: 'disabled' });
      await session.close();
      return session.outputs;
    } catch (error) {
      if (error instanceof CutlineError && error.code === 'ENGINE_LOAD') return error;
      throw error;
    }
  };
  const isPlain = (found: readonly ValueInfo[] | CutlineError) =>
    !(found instanceof CutlineError) && found.every((v) => fixedShape(v));
  if (isPlain(await look(part(names)))) return [...names];
  const possible: string[] = [];
  for (const name of names) {
    const alone = await look(part([name]));
    if (isPlain(alone)) possible.push(name);
    else {
      // Whatever is a tensor can be cast.
      const cast = await look(castOf(part([name]), name));
      if (!(alone instanceof CutlineError)) {
        if (!(cast instanceof CutlineError)) possible.push(name);
      } else if (cast instanceof CutlineError) throw alone;
    }
  }
  return possible;
}

function castOf(graph: Graph, name: string): Graph {
  const output = `${name}/cutline-cast`;
  const to = { type: 'int', value: onnxNumber('float32') } as const;
  const node = { name: '', op: 'Cast', domain: '', inputs: [name], outputs: [output], attributes: { to } };
  return {
    ...graph,
    nodes: [...graph.nodes, node],
    outputs: [{ name: output, dtype: 'float32', shape: [], unknown: 'type' }],
  };
}
