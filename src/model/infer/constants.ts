/** What constants take: a runtime that folds them computes them while it loads a graph, however large a file asks for. */

import { CutlineError } from '../../errors.ts';
import { isShapeOf } from '../dependence.ts';
import type { Engine } from '../engine.ts';
import type { Graph, Node, ValueInfo } from '../graph.ts';
import { requireMemory } from '../memory.ts';
import { prune } from '../prune.ts';
import { bodies, reads } from '../reads.ts';
import { shapeTensor } from '../shape-of.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { allValues, fixedShape } from '../values.ts';
import { withOutputs, withSession } from './session.ts';

/** Operators that make much of little, as an operand says. Where that is computed, its value must be known before. */
const growing = new Set([
  'ConstantOfShape',
  'Expand',
  'Range',
  'Tile',
  'Pad',
  'Resize',
  'Upsample',
  'OneHot',
  'Reshape',
]);

/** Sizes, repeats, pads: longer operands are no such thing. */
const longestOperand = 1024;

/**
 * @param values types and shapes, as far as the engine infers them
 * @throws CutlineError MODEL_MEMORY naming the node whose constants, inside bodies too, take too much
 */
export async function requireConstantRoom(
  graph: Graph,
  values: ReadonlyMap<string, ValueInfo>,
  engine: Engine,
): Promise<void> {
  const part = constantPart(graph, values);
  if (part.nodes.some((n) => n.op !== 'Constant')) await requireRoomIn(part, values, engine);
  for (const body of graph.nodes.flatMap(bodies)) {
    const initializers = new Map([...part.initializers, ...body.initializers]);
    const within = { ...graph, initializers, nodes: [...part.nodes, ...body.nodes] };
    await requireConstantRoom(within, new Map(), engine);
  }
}

/** The nodes that depend on weights and known shapes alone. */
function constantPart(graph: Graph, values: ReadonlyMap<string, ValueInfo>): Graph {
  const initializers = new Map(graph.initializers);
  const available = new Set(initializers.keys());
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const shape = isShapeOf(node) ? fixedShape(values.get(node.inputs[0]!)) : undefined;
    if (shape) initializers.set(node.outputs[0]!, shapeTensor(node, shape));
    else if (reads(node).every((name) => available.has(name))) nodes.push(node);
    else continue;
    for (const o of node.outputs) if (o !== '') available.add(o);
  }
  return { ...graph, inputs: [], outputs: [], nodes, initializers, values: new Map() };
}

async function requireRoomIn(
  constants: Graph,
  inferred: ReadonlyMap<string, ValueInfo>,
  engine: Engine,
): Promise<void> {
  let part = constants;
  let values = inferred.size > 0 ? inferred : await inferIn(part, engine);
  const seen = new Set<Node>();
  for (;;) {
    const all = part.nodes.flatMap((n) => n.outputs.filter((o) => o !== ''));
    requireMemory(withOutputs(part, all), new Map([...values, ...allValues(part)]));
    const open = part.nodes.filter((n) => growing.has(n.op) && !seen.has(n) && !fixedShape(values.get(n.outputs[0]!)));
    const ready = open.filter((n) => !ancestors(part, n.inputs).some((a) => open.includes(a)));
    if (ready.length === 0) return;
    for (const n of ready) seen.add(n);
    const made = new Set(all);
    const operands = ready.flatMap(reads).filter((name) => made.has(name) && isOperand(values.get(name)));
    const known = await computed(part, [...new Set(operands)], engine);
    part = withConstants(part, known);
    values = await inferIn(part, engine);
  }
}

function isOperand(value: ValueInfo | undefined): boolean {
  const shape = fixedShape(value);
  return shape !== undefined && sizeOf(shape) <= longestOperand;
}

function ancestors(graph: Graph, names: readonly string[]): readonly Node[] {
  return prune(withOutputs(graph, names)).nodes;
}

/** Nothing where the runtime does not take it: it says so itself when it is given the whole graph. */
async function inferIn(graph: Graph, engine: Engine): Promise<ReadonlyMap<string, ValueInfo>> {
  const names = graph.nodes.flatMap((n) => n.outputs.filter((o) => o !== ''));
  const found = await unlessRefused(withSession(engine, nameless(withOutputs(graph, names)), (s) => s.outputs));
  return new Map(found?.map((v) => [v.name, v]));
}

async function computed(graph: Graph, names: readonly string[], engine: Engine): Promise<[string, Tensor][]> {
  if (names.length === 0) return [];
  const part = nameless(prune(withOutputs(graph, names)));
  const found = await unlessRefused(withSession(engine, part, (s) => s.run({})));
  return Object.entries(found ?? {});
}

/** The nodes that made them make them under no name. */
function withConstants(graph: Graph, known: readonly [string, Tensor][]): Graph {
  const names = new Set(known.map(([name]) => name));
  const nodes = graph.nodes.filter((n) => !n.outputs.some((o) => names.has(o)));
  return { ...graph, nodes, initializers: new Map([...graph.initializers, ...known]) };
}

/** A body may have nodes of the names that nodes around it have. */
const nameless = (graph: Graph): Graph => ({ ...graph, nodes: graph.nodes.map((n) => ({ ...n, name: '' })) });

async function unlessRefused<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CutlineError && (error.code === 'ENGINE_LOAD' || error.code === 'ENGINE_RUN'))
      return undefined;
    throw error;
  }
}
