/**
 * Cuts inside one tower of a model that has several inputs. The tower of an input ends where it meets what comes from others. Cut
 * inside it, the others have not been looked at yet: they cross as they are, next to what the tower has made so far.
 */
import type { Graph } from '../graph.ts';
import { emptyData } from '../onnx/dtype.ts';
import { type Flow, flowOf } from './flow.ts';
import type { Frontier } from './frontiers.ts';
import { Separators } from './separators.ts';

/**
 * For each tensor that by itself separates this input from every output: that tensor, with whatever else is alive when a device has
 * computed it and nothing more. Where nothing else is, the tensor is a cut anyway, and is left out here.
 * @param flow of the graph
 */
export function towerFrontiers(graph: Graph, flow: Flow, input: string): Frontier[] {
  const others = graph.inputs.filter((v) => v.name !== input);
  if (others.length === 0) return [];
  const ids = new Map(flow.tensors.map((name, id) => [name, id]));
  return separatorsOf(graph, input).flatMap((name): Frontier[] => {
    const id = ids.get(name);
    const frontier = id === undefined ? undefined : frontierAt(flow, id);
    return frontier && frontier.ids.length > 1 ? [frontier] : [];
  });
}

/** Of the network that is left when the other inputs are constants. */
function separatorsOf(graph: Graph, input: string): string[] {
  const initializers = new Map(graph.initializers);
  const nothing = { dtype: 'float32', shape: [0], data: emptyData('float32', 0) } as const;
  for (const { name } of graph.inputs) if (name !== input) initializers.set(name, nothing);
  const flow = flowOf({ ...graph, inputs: graph.inputs.filter((v) => v.name === input), initializers });
  if (flow.inputCount === 0) return [];
  const end = flow.tensors.flatMap((_, id) => (flow.isOutput[id] ? [id] : []));
  const singles = new Separators(flow, { first: 0, last: flow.nodes.length, start: [0], end }).singles([]) ?? [];
  return singles.filter((id) => id > 0).map((id) => flow.tensors[id]!);
}

/** What is made before or at this tensor, and still read after it. */
function frontierAt(flow: Flow, id: number): Frontier {
  const needed = new Set([id]);
  const head: number[] = [];
  for (let n = flow.producer[id]!; n >= 0; n--) {
    if (!flow.writes[n]!.some((t) => needed.has(t))) continue;
    head.push(n);
    for (const t of flow.reads[n]!) needed.add(t);
  }
  const inHead = new Set(head);
  const made = new Set(
    flow.tensors.flatMap((_, t) => (t < flow.inputCount || inHead.has(flow.producer[t]!) ? [t] : [])),
  );
  const alive = new Set([id]);
  for (const t of made) if (flow.isOutput[t]) alive.add(t);
  for (const [n, list] of flow.reads.entries()) {
    if (!inHead.has(n)) for (const t of list) if (made.has(t)) alive.add(t);
  }
  return { ids: [...alive].sort((a, b) => a - b), head: head.reverse() };
}
