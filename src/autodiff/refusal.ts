/** Finds the node for which an engine refuses a graph, and says it by the names of the model. */

import { CutlineError } from '../errors.ts';
import type { Engine, LoadOptions } from '../model/engine.ts';
import type { Graph, Node } from '../model/graph.ts';
import type { Tensors } from '../model/tensor.ts';
import { originOf } from './purpose.ts';

export interface Refused {
  readonly engine: Engine;
  /** A forward pass, its losses and gradients. */
  readonly graph: Graph;
  readonly options: LoadOptions;
  /** Where it was refused only when it ran. */
  readonly feeds?: Tensors | undefined;
}

/**
 * What to throw in place of the engine's own words, which speak of kernels and of nodes that nobody has seen. Errors that are
 * not about the graph, such as too little memory, come back as they are.
 */
export async function explained(error: unknown, refused: Refused): Promise<unknown> {
  if (!(error instanceof CutlineError) || (error.code !== 'ENGINE_LOAD' && error.code !== 'ENGINE_RUN')) return error;
  const found = await firstRefused(refused);
  if (!found) return error;
  const origin = originOf(found);
  const written = origin.op === found.op ? 'it' : `the ${found.op} that its rule writes`;
  const problem = error.code === 'ENGINE_RUN' ? `${written} fails when it runs` : `the engine does not take ${written}`;
  return new CutlineError('GRADIENT_REFUSED', { ...origin, problem }, { cause: error });
}

/** The node with which the graph, cut off behind it, is refused; undefined where it is refused without any. */
async function firstRefused(refused: Refused): Promise<Node | undefined> {
  const { nodes } = refused.graph;
  if (!(await isTaken(refused, 0)) || (await isTaken(refused, nodes.length))) return undefined;
  let [taken, not] = [0, nodes.length];
  while (not - taken > 1) {
    const middle = Math.floor((taken + not) / 2);
    if (await isTaken(refused, middle)) taken = middle;
    else not = middle;
  }
  return nodes[not - 1];
}

/** Whether the first nodes of the graph are taken, and run where the whole graph did not. */
async function isTaken(
  { engine, graph, options: { keepBytes, ...options }, feeds }: Refused,
  count: number,
): Promise<boolean> {
  const nodes = graph.nodes.slice(0, count);
  const last = nodes.at(-1)?.outputs.find((y) => y !== '') ?? graph.inputs[0]!.name;
  // Its shape can be had of a tensor of any type.
  const shape = `${last}/cutline-shape`;
  const asking: Node = { name: '', op: 'Shape', domain: '', inputs: [last], outputs: [shape], attributes: {} };
  const part: Graph = {
    ...graph,
    nodes: [...nodes, asking],
    outputs: [{ name: shape, dtype: 'int64', shape: [], unknown: 'shape' }],
    values: new Map(),
  };
  try {
    const session = await engine.load(part, options);
    try {
      if (feeds) await session.run(feeds);
    } finally {
      await session.close();
    }
    return true;
  } catch (error) {
    if (error instanceof CutlineError && (error.code === 'ENGINE_LOAD' || error.code === 'ENGINE_RUN')) return false;
    throw error;
  }
}
