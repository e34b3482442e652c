/** What follows from fixed inputs is computed once, so that it is neither run, counted, cut nor sent again. */

import { CutlineError } from '../../errors.ts';
import { takeBranches } from '../branches.ts';
import { dependences } from '../dependence.ts';
import type { Engine } from '../engine.ts';
import { mostFolded } from '../fold.ts';
import { freshNames } from '../fresh.ts';
import type { Graph, Node, ValueInfo } from '../graph.ts';
import { inferredValues } from '../infer/declared.ts';
import { withOutputs, withSession } from '../infer/session.ts';
import { requireMemory } from '../memory.ts';
import { prune } from '../prune.ts';
import { reads } from '../reads.ts';
import type { Tensor } from '../tensor.ts';
import { returnable } from './returnable.ts';

/**
 * The graph with what fixed inputs alone decide in place of the nodes that compute it, and with the branch taken of conditionals
 * that they decide. Other constants stay as the file has them, and a symbolic batch stays symbolic.
 * @param fixed names of the inputs that `fixInputs` fixed
 * @throws CutlineError MODEL_MEMORY, INPUT_REFUSED when the model does not run with them
 */
export async function settle(graph: Graph, fixed: readonly string[], engine: Engine): Promise<Graph> {
  if (fixed.length === 0) return graph;
  let roots: ReadonlySet<string> = new Set(fixed);
  for (let settled = graph; ; ) {
    const folded = await foldFrom(settled, roots, engine).catch((error: unknown) => {
      throw refusal(error, fixed);
    });
    const decided = takeBranches(folded.graph);
    if (decided === folded.graph) return decided;
    settled = decided;
    roots = new Set([...roots, ...folded.made]);
  }
}

/** Replaces what the roots alone decide by initializers, and says which. */
async function foldFrom(
  graph: Graph,
  roots: ReadonlySet<string>,
  engine: Engine,
): Promise<{ readonly graph: Graph; readonly made: readonly string[] }> {
  const kinds = dependences(graph);
  const isConstant = (n: Node) => n.outputs.every((o) => !o || kinds.get(o) === 'constant');
  const decided = new Set(roots);
  for (const n of graph.nodes) {
    if (isConstant(n) && reads(n).some((name) => decided.has(name))) for (const o of n.outputs) decided.add(o);
  }
  const outputs = new Set(graph.outputs.map((v) => v.name));
  const others = graph.nodes.filter((n) => !isConstant(n));
  const wanted = new Set([...others.flatMap(reads), ...outputs]);
  const asked = graph.nodes
    .filter(isConstant)
    .flatMap((n) => n.outputs)
    .filter((o) => o !== '' && decided.has(o) && wanted.has(o));
  if (asked.length === 0) return { graph, made: [] };
  const constants = { ...graph, inputs: [], outputs: [], values: new Map<string, ValueInfo>() };
  const results = await compute(constants, asked, engine);
  const made = new Map([...results].filter(([, t]) => t.data.length <= mostFolded));
  return { graph: without(graph, made), made: [...made.keys()] };
}

async function compute(graph: Graph, names: readonly string[], engine: Engine): Promise<[string, Tensor][]> {
  const part = (wanted: readonly string[]) => prune(withOutputs(graph, wanted));
  const possible = await returnable(names, part, engine);
  if (possible.length === 0) return [];
  const asked = part(possible);
  const made = asked.nodes.flatMap((n) => n.outputs.filter((o) => o !== ''));
  requireMemory(asked, await inferredValues(asked, made, engine));
  return withSession(engine, asked, async (session) => Object.entries(await session.run({})));
}

function without(graph: Graph, made: ReadonlyMap<string, Tensor>): Graph {
  const fresh = freshNames(graph);
  // A node may have other outputs that are still asked of it.
  const nodes = graph.nodes.map((n) =>
    n.outputs.some((o) => made.has(o)) ? { ...n, outputs: n.outputs.map((o) => (made.has(o) ? fresh(o) : o)) } : n,
  );
  const values = new Map([...graph.values].filter(([name]) => !made.has(name)));
  return prune({ ...graph, nodes, values, initializers: new Map([...graph.initializers, ...made]) });
}

/** Names the node: the engine's own words are about its own insides. */
function refusal(error: unknown, fixed: readonly string[]): unknown {
  if (!(error instanceof CutlineError) || (error.code !== 'ENGINE_LOAD' && error.code !== 'ENGINE_RUN')) return error;
  const [named] = /^node .*(?=: )/s.exec(String(error.details.problem)) ?? [];
  const node = named ?? 'a node that follows from it';
  return new CutlineError('INPUT_REFUSED', { inputs: fixed.join(', '), node }, { cause: error });
}
