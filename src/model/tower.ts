/** The part of a model that one of its inputs decides alone. */
import { inputsBehind } from './cuts/behind.ts';
import { flowOf } from './cuts/flow.ts';
import type { Graph, ValueInfo } from './graph.ts';
import { prune } from './prune.ts';
import { reads } from './reads.ts';
import { allValues } from './values.ts';

/**
 * From this input to the last tensors that no other input has a part in: where they meet what comes from others, or leave the model.
 * A network of one input, whose outputs are those of the model only where no other input matters.
 */
export function towerOf(graph: Graph, input: string): Graph {
  const behind = inputsBehind(graph);
  const others = (name: string) => behind(name).some((other) => other !== input);
  const flow = flowOf(graph);
  const ends = new Set<string>();
  const inside = (name: string) => !others(name) && behind(name).length > 0;
  flow.tensors.forEach((name, id) => {
    if (flow.isOutput[id] && inside(name)) ends.add(name);
  });
  flow.nodes.forEach((i, n) => {
    if (!reads(graph.nodes[i]!).some(others)) return;
    for (const id of flow.reads[n]!) if (inside(flow.tensors[id]!)) ends.add(flow.tensors[id]!);
  });
  const values = allValues(graph);
  const outputs = flow.tensors
    .filter((name) => ends.has(name))
    .map((name): ValueInfo => values.get(name) ?? { name, dtype: 'float32', shape: [], unknown: 'type' });
  const order = new Map(graph.outputs.map((v, i) => [v.name, i]));
  // Where the tower is the whole model its outputs stand in their order.
  const rank = ({ name }: ValueInfo) => order.get(name) ?? graph.outputs.length;
  outputs.sort((a, b) => rank(a) - rank(b));
  const isOutput = new Set(outputs.map((v) => v.name));
  const known = new Map([...graph.values].filter(([name]) => !isOutput.has(name)));
  const inputs = graph.inputs.filter((v) => v.name === input);
  return prune({ ...graph, name: `${graph.name}-tower`, inputs, outputs, values: known });
}
