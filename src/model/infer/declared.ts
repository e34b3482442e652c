/** What an engine says of tensors without running the graph. */

import { CutlineError } from '../../errors.ts';
import type { Engine } from '../engine.ts';
import { type Attribute, type Dim, type Graph, type Node, nodeLabel, type ValueInfo } from '../graph.ts';
import { fixedShape } from '../values.ts';
import { requireConstantRoom } from './constants.ts';
import { withOutputs, withSession } from './session.ts';

/** Larger float weights are declared, not sent, when only shapes are asked for: their values do not matter. */
const smallWeight = 1024;

/**
 * Types and shapes by name, as far as the engine infers them: with '' for dimensions, `shape` and `type` for what it does
 * not tell.
 * @throws CutlineError ENGINE_LOAD when the graph makes no sense, MODEL_MEMORY when its constants take too much
 */
export async function inferredValues(
  graph: Graph,
  names: readonly string[],
  engine: Engine,
): Promise<Map<string, ValueInfo>> {
  const asking = declaringWeights(believingNothing(withNames(graph)));
  const plain = await look(asking, names, engine, 'disabled');
  await requireConstantRoom(asking, plain, engine);
  if ([...plain.values()].every((v) => fixedShape(v))) return plain;
  try {
    // Folds shape arithmetic and infers again: transformers then need not be run (28 s became 2 s for ViT-B/16).
    return await look(asking, names, engine, 'basic');
  } catch (error) {
    if (!(error instanceof CutlineError) || error.code !== 'ENGINE_LOAD') throw error;
    return plain;
  }
}

async function look(
  graph: Graph,
  names: readonly string[],
  engine: Engine,
  optimization: 'basic' | 'disabled',
): Promise<Map<string, ValueInfo>> {
  const outputsOf = (asking: Graph) => withSession(engine, asking, (s) => s.outputs, optimization);
  const found = new Map((await outputsOf(withOutputs(graph, names))).map((v) => [v.name, v]));
  // An unknown rank looks like a scalar. The rank of a tensor is the length of its Shape, which tells them apart.
  const scalars = names.filter((name) => !found.get(name)?.unknown && found.get(name)?.shape.length === 0);
  if (scalars.length === 0) return found;
  const { graph: measured, lengths } = withShapes(graph, scalars);
  const ranks = new Map<string, Dim | undefined>();
  for (const v of await outputsOf(withOutputs(measured, [...lengths.values()]))) ranks.set(v.name, v.shape[0]);
  for (const name of scalars) {
    if (ranks.get(lengths.get(name)!) !== 0) found.set(name, { ...found.get(name)!, unknown: 'shape' });
  }
  return found;
}

/** The graph with a node for the Shape of each of these tensors, and the names of their outputs. */
export function withShapes(
  graph: Graph,
  names: readonly string[],
): { readonly graph: Graph; readonly lengths: ReadonlyMap<string, string> } {
  const taken = new Set([...graph.inputs.map((v) => v.name), ...graph.nodes.flatMap((n) => n.outputs)]);
  let prefix = 'cutline-shape';
  while ([...taken].some((name) => name.startsWith(prefix))) prefix += '-';
  const lengths = new Map(names.map((name) => [name, `${prefix}/${name}`]));
  const nodes = [...lengths].map(
    ([name, output]): Node => ({
      name: '',
      op: 'Shape',
      domain: '',
      inputs: [name],
      outputs: [output],
      attributes: {},
    }),
  );
  // A graph of classical operators alone need not import the standard ones.
  const opsets = new Map([['', 17], ...graph.opsets]);
  return { graph: { ...graph, opsets, nodes: [...graph.nodes, ...nodes] }, lengths };
}

/** The graph with its large weights declared as inputs: quick to load, not to be run. */
function declaringWeights(graph: Graph): Graph {
  const large = [...graph.initializers].filter(([, t]) => t.dtype.startsWith('float') && t.data.length > smallWeight);
  const initializers = new Map(graph.initializers);
  const inputs = [...graph.inputs];
  for (const [name, { dtype, shape }] of large) {
    initializers.delete(name);
    inputs.push({ name, dtype, shape });
  }
  return { ...graph, inputs, initializers };
}

/** The graph with names for nodes without one, so that a refusal can tell which it is about. */
function withNames(graph: Graph): Graph {
  const taken = new Set(graph.nodes.map((n) => n.name));
  const nodes = graph.nodes.map((n): Node => {
    const name = nodeLabel(n);
    if (n.name !== '' || taken.has(name)) return n;
    taken.add(name);
    return { ...n, name };
  });
  return { ...graph, nodes };
}

/** The graph without the shapes that the file declares inside bodies: the engine would take them for its own. */
function believingNothing(graph: Graph): Graph {
  const open = (v: ValueInfo): ValueInfo => (v.unknown ? v : { ...v, shape: [], unknown: 'shape' });
  const body = (g: Graph): Graph => ({
    ...inside(g),
    inputs: g.inputs.map(open),
    outputs: g.outputs.map(open),
    values: new Map(),
  });
  const inside = (g: Graph): Graph => ({ ...g, nodes: g.nodes.map(nodeInside) });
  const nodeInside = (n: Node): Node => {
    const entries = Object.entries(n.attributes);
    if (!entries.some(([, a]) => a.type === 'graph')) return n;
    const change = (a: Attribute): Attribute => (a.type === 'graph' ? { type: 'graph', value: body(a.value) } : a);
    return { ...n, attributes: Object.fromEntries(entries.map(([key, a]) => [key, change(a)])) };
  };
  return inside(graph);
}
