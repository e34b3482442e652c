/**
 * What has been made of a graph, for as long as there is that graph. It is known as an object: who was not given the head finds
 * nothing that was made of it.
 */
import type { Graph, Tensor } from '../../model/index.ts';

/** Of one graph; the least used go first. An attack uses two or three. */
const mostOfOne = 6;

const made = new WeakMap<Graph, Map<string, unknown>>();

/** @param key all that decides the outcome beside the graph, and its type */
export function prepared<T>(graph: Graph, key: string, make: () => T): T {
  const known = made.get(graph) ?? new Map<string, unknown>();
  made.set(graph, known);
  const found = known.has(key) ? (known.get(key) as T) : make();
  // Used last comes last.
  known.delete(key);
  known.set(key, found);
  for (const oldest of known.keys()) {
    if (known.size <= mostOfOne) break;
    known.delete(oldest);
  }
  return found;
}

const identities = new WeakMap<Tensor, number>();
let count = 0;

/** A number that no other tensor has: for keys, where values are too many to be compared. */
export function identity(tensor: Tensor): number {
  const known = identities.get(tensor) ?? ++count;
  identities.set(tensor, known);
  return known;
}
