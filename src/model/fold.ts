/** Computes once what is the same in every run. */

import { takeBranches } from './branches.ts';
import { dependences, isShapeOf } from './dependence.ts';
import type { Engine } from './engine.ts';
import type { Graph, Node, ValueInfo } from './graph.ts';
import { withSession } from './infer/session.ts';
import { inferShapes } from './infer/shapes.ts';
import { requireMemory } from './memory.ts';
import { reads } from './reads.ts';
import { shapeTensor } from './shape-of.ts';
import { sizeOf, type Tensor } from './tensor.ts';
import { allValues, fixedShape, isSendable } from './values.ts';

/** Elements. More is left as it is: a large constant that is cheap to compute should not bloat the graph. */
export const mostFolded = 1 << 24;

/**
 * The graph with what `foldOnce` folds, and with the branch taken in place of conditionals that this decides.
 * @param graph every tensor's shape is static and known (`inferShapes`)
 * @throws CutlineError MODEL_MEMORY
 */
export async function foldConstants(graph: Graph, engine: Engine): Promise<Graph> {
  const folded = await foldOnce(graph, engine);
  const decided = takeBranches(folded);
  return decided === folded ? folded : foldConstants(await inferShapes(decided, engine), engine);
}

/**
 * The graph with everything that depends on constants and shapes alone, such as the shape arithmetic that exporters write,
 * replaced by initializers. What cannot be held or hangs on a shape that is not known stays as it is.
 */
async function foldOnce(graph: Graph, engine: Engine): Promise<Graph> {
  const values = allValues(graph);
  const fixed = computableNodes(graph, values);
  const made = new Set(fixed.flatMap((n) => n.outputs));
  const others = graph.nodes.filter((n) => !fixed.includes(n));
  const wanted = new Set(
    [...others.flatMap(reads), ...graph.outputs.map((v) => v.name)].filter((name) => made.has(name)),
  );
  const foldable = new Set([...wanted].filter((name) => canBeFolded(values.get(name))));
  if (foldable.size === 0) return graph;
  const folded = await compute(graph, fixed, [...foldable], engine);
  // Of the rest only what still has a reader.
  const needed = new Set([...others.flatMap(reads), ...graph.outputs.map((v) => v.name)]);
  const kept = new Set(others);
  for (const node of [...fixed].reverse()) {
    if (!node.outputs.some((o) => needed.has(o) && !foldable.has(o))) continue;
    kept.add(node);
    for (const name of reads(node)) needed.add(name);
  }
  const nodes = graph.nodes.filter((n) => kept.has(n));
  const initializers = [...graph.initializers].filter(([name]) => needed.has(name));
  // A node that stays for one of its outputs makes the others too.
  const stillMade = new Set(nodes.flatMap((n) => n.outputs));
  const computed = folded.filter(([name]) => !stillMade.has(name));
  return { ...graph, nodes, initializers: new Map([...initializers, ...computed]) };
}

function canBeFolded(value: ValueInfo | undefined): boolean {
  const shape = fixedShape(value);
  return shape !== undefined && isSendable(value) && sizeOf(shape) <= mostFolded;
}

/** Nodes that depend on constants and known shapes alone. */
function computableNodes(graph: Graph, values: ReadonlyMap<string, ValueInfo>): Node[] {
  const kinds = dependences(graph);
  const stuck = new Set<string>();
  return graph.nodes.filter((n) => {
    const isFixed = n.outputs.every((o) => !o || (kinds.get(o) ?? 'data') !== 'data');
    const isKnown = isShapeOf(n) ? fixedShape(values.get(n.inputs[0]!)) : !reads(n).some((name) => stuck.has(name));
    if (isFixed && isKnown) return true;
    for (const o of n.outputs) stuck.add(o);
    return false;
  });
}

async function compute(
  graph: Graph,
  nodes: readonly Node[],
  outputs: readonly string[],
  engine: Engine,
): Promise<[string, Tensor][]> {
  const values = allValues(graph);
  const initializers = new Map(graph.initializers);
  const left: Node[] = [];
  for (const node of nodes) {
    const shape = isShapeOf(node) ? fixedShape(values.get(node.inputs[0]!)) : undefined;
    if (shape) initializers.set(node.outputs[0]!, shapeTensor(node, shape));
    else left.push(node);
  }
  const known = outputs.flatMap((name): [string, Tensor][] => {
    const tensor = initializers.get(name);
    return tensor ? [[name, tensor]] : [];
  });
  const open = outputs.filter((name) => !initializers.has(name));
  if (open.length === 0) return known;
  const used = new Set([...left.flatMap(reads), ...open]);
  const part: Graph = {
    ...graph,
    inputs: [],
    nodes: left,
    initializers: new Map([...initializers].filter(([name]) => used.has(name))),
    outputs: open.map((name) => values.get(name)!),
    values: new Map(),
  };
  requireMemory(part, values);
  const computed = await withSession(engine, part, async (session) => Object.entries(await session.run({})));
  return [...known, ...computed];
}
