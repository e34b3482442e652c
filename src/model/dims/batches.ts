/** Names for the batches of a graph that can stand in formulas. */
import { batchNames, mapDimensions } from '../bind.ts';
import type { Dim, Graph, ValueInfo } from '../graph.ts';
import { isPlainName, printExpression } from './expression.ts';
import { symbolsOf } from './symbols.ts';

/**
 * The graph with a name for every leading dimension of which the file says nothing, each its own, and with plain names for
 * batches: `batch size` becomes `batch_size`.
 */
export function nameBatches(graph: Graph): Graph {
  const taken = new Set(symbolsOf(graph).names);
  const free = (wanted: string): string => {
    let name = isPlainName(wanted)
      ? wanted
      : wanted.replaceAll(/[^\p{L}\p{N}_.]/gu, '_').replace(/^(?![\p{L}_])/u, '_');
    while (taken.has(name)) name += '_';
    taken.add(name);
    return name;
  };
  const odd = new Map(batchNames(graph).flatMap((name) => (isPlainName(name) ? [] : [[name, free(name)]])));
  const unnamed = graph.inputs.filter((v) => !v.unknown && v.shape[0] === '');
  const inputs = graph.inputs.map((v): ValueInfo => {
    if (!unnamed.includes(v)) return v;
    return { ...v, shape: [free(unnamed.length > 1 ? `${v.name}_batch` : 'batch'), ...v.shape.slice(1)] };
  });
  return renameBatches({ ...graph, inputs }, odd);
}

/** @param names new ones by old ones; those not mentioned stay */
export function renameBatches(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  if (names.size === 0) return graph;
  const { meaning } = symbolsOf(graph);
  const rename = (name: string) => names.get(name) ?? name;
  return mapDimensions(graph, (d: Dim) => {
    if (typeof d === 'number' || d === '') return d;
    const e = meaning(d);
    return e.kind === 'name' ? rename(e.name) : printExpression(e, rename);
  });
}
