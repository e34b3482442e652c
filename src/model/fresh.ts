/** Names that a graph does not use yet. */
import type { Graph } from './graph.ts';
import { bodies } from './reads.ts';

/** Gives names like the hint that no tensor or node of the graph has, inside bodies either, and that were not given before. */
export function freshNames(graph: Graph): (hint: string) => string {
  const taken = namesOf(graph);
  return (hint) => {
    let name = hint;
    for (let n = 1; taken.has(name); n++) name = `${hint}_${n}`;
    taken.add(name);
    return name;
  };
}

function namesOf(graph: Graph): Set<string> {
  const names = [...graph.inputs.map((v) => v.name), ...graph.initializers.keys(), ...(graph.sealed?.keys() ?? [])];
  for (const n of graph.nodes) {
    names.push(n.name, ...n.outputs);
    for (const body of bodies(n)) names.push(...namesOf(body));
  }
  return new Set(names);
}
