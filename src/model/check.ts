/** What must hold of a graph before anything is done with it: each name defined once, before use, by a known operator. */
import { CutlineError } from '../errors.ts';
import { type Graph, type Node, nodeLabel } from './graph.ts';
import { topologicalOrder } from './order.ts';
import { bodies, reads } from './reads.ts';

/** Domains whose operators the onnxruntime of the npm package has, besides the standard one. */
const knownDomains = new Set([
  '',
  'ai.onnx.ml',
  'ai.onnx.training',
  'ai.onnx.preview.training',
  'com.microsoft',
  'com.microsoft.nchwc',
  'com.ms.internal.nhwc',
]);

export interface CheckOptions {
  /** What error messages call the model. */
  readonly path: string;
  readonly functionDomains?: ReadonlySet<string>;
}

/**
 * The same graph, its nodes in topological order.
 * @throws CutlineError MODEL_INVALID, MODEL_OPERATOR_DOMAIN
 */
export function checkGraph(graph: Graph, options: CheckOptions): Graph {
  const sorted = { ...graph, nodes: topologicalOrder(graph, options.path) };
  const known = checkNames(sorted, new Set(), options.path);
  if (sorted.outputs.length === 0) invalid(options.path, 'it has no outputs');
  for (const o of sorted.outputs)
    if (!known.has(o.name)) invalid(options.path, `output ${o.name} is not produced by any node`);
  checkOperators(sorted.nodes, options);
  return sorted;
}

/** Names are single static assignments (onnx/IR.md). Bodies that hide an outer name are forbidden there but common; they run. */
function checkNames(graph: Graph, outer: ReadonlySet<string>, path: string): Set<string> {
  const known = new Set(outer);
  const own = new Set<string>();
  const define = (name: string, by: string) => {
    if (!name) invalid(path, `${by} has no name`);
    // The runtime's names end there.
    if (name.includes('\0')) invalid(path, `the name of ${by} holds a NUL`);
    if (own.has(name)) invalid(path, `tensor ${name} is defined twice, the second time by ${by}`);
    own.add(name);
    known.add(name);
  };
  for (const v of graph.inputs) define(v.name, 'an input');
  for (const name of [...graph.initializers.keys(), ...(graph.sealed?.keys() ?? [])]) define(name, 'an initializer');
  for (const n of graph.nodes) {
    for (const i of reads(n)) {
      if (!known.has(i)) invalid(path, `node ${nodeLabel(n)} (${n.op}) reads tensor ${i}, which nothing produces`);
    }
    for (const body of bodies(n)) {
      const inner = checkNames(body, known, path);
      for (const o of body.outputs) {
        if (!inner.has(o.name)) invalid(path, `a body of node ${nodeLabel(n)} does not produce its output ${o.name}`);
      }
    }
    for (const o of n.outputs) if (o) define(o, `node ${nodeLabel(n)} (${n.op})`);
  }
  return known;
}

function checkOperators(nodes: readonly Node[], options: CheckOptions): void {
  for (const n of nodes) {
    if (!n.op) invalid(options.path, `node ${nodeLabel(n)} has no operator`);
    if (!knownDomains.has(n.domain) && !options.functionDomains?.has(n.domain)) {
      throw new CutlineError('MODEL_OPERATOR_DOMAIN', {
        path: options.path,
        node: nodeLabel(n),
        op: n.op,
        domain: n.domain,
      });
    }
    for (const body of bodies(n)) checkOperators(body.nodes, options);
  }
}

function invalid(path: string, problem: string): never {
  throw new CutlineError('MODEL_INVALID', { path, problem });
}
