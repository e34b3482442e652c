/**
 * The head with what its mechanism does, as a graph that can be differentiated: made once for a head, a mechanism and a way of
 * looking at it, all known as objects, so that what is prepared of it and loaded for it is found again.
 */
import type { Engine } from '../../engine/index.ts';
import { type Graph, inferShapes } from '../../model/index.ts';
import { defendedHead, expectedHead, type Look, type Mechanism, type NoiseSource } from '../mechanisms/index.ts';

/** Draws whose mean stands for the expectation of what noise on pictures makes. */
export const drawsOfMean = 8;

export interface Looking {
  readonly way: Look['head'];
  /** Noise for the mean over draws: the same each time. */
  readonly draws: () => NoiseSource;
}

const made = new WeakMap<Graph, WeakMap<Mechanism, Map<Look['head'], Promise<Graph>>>>();

/** @param head all shapes known; of `drawsOfMean` times as many pictures where the mean over draws is looked at */
export function differentiableHead(
  head: Graph,
  mechanism: Mechanism,
  engine: Engine,
  { way, draws }: Looking,
): Promise<Graph> {
  if (mechanism.stages.length === 0 || way === 'bare') return Promise.resolve(head);
  const ofHead = made.get(head) ?? new WeakMap<Mechanism, Map<Look['head'], Promise<Graph>>>();
  made.set(head, ofHead);
  const ways = ofHead.get(mechanism) ?? new Map<Look['head'], Promise<Graph>>();
  ofHead.set(mechanism, ways);
  const graph = ways.get(way) ?? make(head, mechanism, engine, { way, draws });
  ways.set(way, graph);
  // What failed is tried again.
  graph.catch(() => ways.delete(way));
  return graph;
}

async function make(head: Graph, mechanism: Mechanism, engine: Engine, { way, draws }: Looking): Promise<Graph> {
  // What differentiates a graph asks for the type and shape of everything in it.
  if (way === 'expected') return inferShapes(expectedHead(head, mechanism, drawsOfMean, draws()), engine);
  // Rounding is left out.
  const { graph } = defendedHead(head, mechanism, { relaxed: true, open: way === 'open' });
  // Without its randomness, noise leaves what it is added to as it was.
  const own = graph.nodes.slice(head.nodes.length);
  if (own.length <= head.outputs.length && own.every((n) => n.op === 'Identity')) return head;
  return inferShapes(graph, engine);
}
