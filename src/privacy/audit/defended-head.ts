/**
 * The head with what its mechanism does without randomness, as a graph that can be differentiated: made once for a head and a
 * mechanism, both known as objects, so that what is prepared of it and loaded for it is found again.
 */
import type { Engine } from '../../engine/index.ts';
import { type Graph, inferShapes } from '../../model/index.ts';
import { defendedHead, type Mechanism } from '../mechanisms/index.ts';

const made = new WeakMap<Graph, WeakMap<Mechanism, Promise<Graph>>>();

/** Rounding is left out. @param head all shapes known */
export function differentiableHead(head: Graph, mechanism: Mechanism, engine: Engine): Promise<Graph> {
  if (mechanism.stages.length === 0) return Promise.resolve(head);
  const ofHead = made.get(head) ?? new WeakMap<Mechanism, Promise<Graph>>();
  made.set(head, ofHead);
  const graph = ofHead.get(mechanism) ?? make(head, mechanism, engine);
  ofHead.set(mechanism, graph);
  // What failed is tried again.
  graph.catch(() => ofHead.delete(mechanism));
  return graph;
}

async function make(head: Graph, mechanism: Mechanism, engine: Engine): Promise<Graph> {
  const { graph } = defendedHead(head, mechanism, { relaxed: true });
  // Without its randomness, noise leaves what it is added to as it was.
  const own = graph.nodes.slice(head.nodes.length);
  if (own.length <= head.outputs.length && own.every((n) => n.op === 'Identity')) return head;
  // What differentiates a graph asks for the type and shape of everything in it.
  return inferShapes(graph, engine);
}
