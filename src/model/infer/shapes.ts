/** Types and shapes of every tensor, asked of the engine that will run the graph. */

import { CutlineError } from '../../errors.ts';
import { requireBound } from '../bind.ts';
import { fluidTensors } from '../dependence.ts';
import type { Engine } from '../engine.ts';
import { type Graph, nodeLabel, type ValueInfo } from '../graph.ts';
import { reads } from '../reads.ts';
import { sizeOf } from '../tensor.ts';
import { allValues, fixedShape } from '../values.ts';
import { inferredValues } from './declared.ts';
import { mayBeInferredWrongly, weightsOf } from './extents.ts';
import { valuesByRunning } from './run.ts';

/**
 * The same graph with `values` (and the shapes of outputs) filled in. The engine is asked what it infers. Where that is not
 * enough, or known to differ from what runs, the graph is run once. A shape that depends on data is never taken from that
 * run: its dimensions are '' where nothing else says them, its rank `unknown: 'shape'`.
 * @throws CutlineError SHAPE_UNBOUND when an input dimension is symbolic, ENGINE_LOAD when the graph makes no sense,
 *   ENGINE_RUN when it cannot run at this size
 */
export async function inferShapes(graph: Graph, engine: Engine): Promise<Graph> {
  requireBound(graph);
  const asked = graph.nodes.flatMap((n) => n.outputs.filter((o) => o !== ''));
  // Inputs that are handed through: the engine takes no graph without outputs.
  if (asked.length === 0) return { ...graph, values: new Map() };
  const known = await inferredValues(graph, asked, engine);
  const fluid = fluidTensors({ ...graph, values: known, outputs: [] });
  const doubtful = doubtfulTensors(graph);
  const asTensors = asked.filter((name) => known.get(name)?.unknown !== 'opaque');
  const open = asTensors.filter((name) => !fluid.has(name) && (doubtful.has(name) || !fixedShape(known.get(name))));
  const untyped = asTensors.filter((name) => !hasType(known.get(name)));
  if (open.length + untyped.length > 0) {
    const typed = new Map(open.flatMap((name) => (hasType(known.get(name)) ? [[name, known.get(name)!]] : [])));
    const found = await valuesByRunning(graph, known, typed, untyped, engine);
    for (const name of new Set([...open, ...untyped])) {
      const run = found.get(name);
      known.set(name, run && !fluid.has(name) ? run : unsaid(name, run ?? known.get(name)));
    }
  }
  for (const name of fluid) if (doubtful.has(name)) known.set(name, rankOnly(known.get(name)!));
  checkReshapes(graph, known);
  const declared = new Map([...graph.values, ...graph.outputs.map((v) => [v.name, v] as const)]);
  for (const [name, v] of known) known.set(name, withRaw(v, declared.get(name)?.raw));
  return { ...graph, outputs: graph.outputs.map((v) => known.get(v.name) ?? v), values: known };
}

/** The engine infers what a Reshape asks for, and finds only when it runs that the numbers do not suffice. */
function checkReshapes(graph: Graph, known: ReadonlyMap<string, ValueInfo>): void {
  const values = allValues({ ...graph, outputs: [], values: known });
  for (const node of graph.nodes) {
    if (node.op !== 'Reshape' || node.domain !== '') continue;
    const [from, to] = [node.inputs[0], node.outputs[0]].map((name) => fixedShape(values.get(name ?? '')));
    if (!from || !to || sizeOf(from) === sizeOf(to)) continue;
    const problem = `node ${nodeLabel(node)} (Reshape) cannot make [${to}] of [${from}]`;
    throw new CutlineError('ENGINE_RUN', { problem });
  }
}

const hasType = (v: ValueInfo | undefined): v is ValueInfo => v !== undefined && v.unknown !== 'type';

/** How a file declares a sequence is all that is known of it. */
const withRaw = (v: ValueInfo, raw: Uint8Array | undefined): ValueInfo =>
  v.unknown === 'opaque' && raw ? { ...v, raw } : v;

/** What the graph would not tell when it was run, so that nothing vouches for what was inferred. */
function unsaid(name: string, v: ValueInfo | undefined): ValueInfo {
  return { name, dtype: v?.dtype ?? 'float32', shape: [], unknown: hasType(v) ? 'shape' : 'type' };
}

function rankOnly(v: ValueInfo): ValueInfo {
  return v.unknown ? v : { ...v, shape: v.shape.map(() => '') };
}

/** What comes out of operators whose extents the engine may infer wrongly, and all that is made of it. */
function doubtfulTensors(graph: Graph): ReadonlySet<string> {
  const weights = weightsOf(graph);
  const doubtful = new Set<string>();
  for (const node of graph.nodes) {
    if (mayBeInferredWrongly(node, weights) || reads(node).some((name) => doubtful.has(name))) {
      for (const o of node.outputs) if (o) doubtful.add(o);
    }
  }
  return doubtful;
}
