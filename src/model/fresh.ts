/** Names that a graph does not use yet. */
import type { Graph } from './graph.ts';
import { bodies } from './reads.ts';

/**
 * The hint where it is free, else the first of `hint_1`, `hint_2`, … that is.
 * @param next the number to try next, for who counts across hints
 */
export function freeName(hint: string, isTaken: (name: string) => boolean, next: () => number = counter()): string {
  let name = hint;
  while (isTaken(name)) name = `${hint}_${next()}`;
  return name;
}

function counter(): () => number {
  let n = 0;
  return () => ++n;
}

/** Gives names like the hint that no tensor or node of the graph has, inside bodies either, and that were not given before. */
export function freshNames(graph: Graph): (hint: string) => string {
  const taken = namesOf(graph);
  return (hint) => {
    const name = freeName(hint, (n) => taken.has(n));
    taken.add(name);
    return name;
  };
}

/** Of tensors and nodes, also inside bodies. */
export function namesOf(graph: Graph): Set<string> {
  const names = [...graph.inputs.map((v) => v.name), ...graph.initializers.keys(), ...(graph.sealed?.keys() ?? [])];
  for (const n of graph.nodes) {
    names.push(n.name, ...n.outputs);
    for (const body of bodies(n)) names.push(...namesOf(body));
  }
  return new Set(names);
}
