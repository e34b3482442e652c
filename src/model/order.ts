/** Topological order (Kahn, 1962). Files are mostly sorted already; those keep their order exactly. */
import { CutlineError } from '../errors.ts';
import { type Graph, type Node, nodeLabel } from './graph.ts';
import { reads } from './reads.ts';

/**
 * The nodes, each after all whose outputs it reads; of those that are free to go, the first in the file goes first.
 * @throws CutlineError MODEL_INVALID when the graph has a cycle
 */
export function topologicalOrder(graph: Pick<Graph, 'nodes'>, path = 'model'): readonly Node[] {
  const { nodes } = graph;
  const producer = new Map<string, number>();
  nodes.forEach((n, i) => {
    for (const o of n.outputs) if (o && !producer.has(o)) producer.set(o, i);
  });
  const waiting = new Int32Array(nodes.length);
  const readers: number[][] = nodes.map(() => []);
  let sorted = true;
  nodes.forEach((n, i) => {
    for (const name of reads(n)) {
      const p = producer.get(name);
      if (p === undefined) continue;
      readers[p]!.push(i);
      waiting[i]!++;
      if (p >= i) sorted = false;
    }
  });
  if (sorted) return nodes;
  const ready = new Smallest();
  for (const [i, count] of waiting.entries()) if (count === 0) ready.add(i);
  const order: Node[] = [];
  for (let i = ready.take(); i !== undefined; i = ready.take()) {
    order.push(nodes[i]!);
    for (const r of readers[i]!) if (--waiting[r]! === 0) ready.add(r);
  }
  if (order.length < nodes.length) {
    const stuck = nodes[waiting.findIndex((count) => count > 0)]!;
    throw new CutlineError('MODEL_INVALID', { path, problem: `it has a cycle through node ${nodeLabel(stuck)}` });
  }
  return order;
}

/** A binary heap of integers. */
class Smallest {
  readonly #items: number[] = [];

  add(value: number): void {
    const a = this.#items;
    let i = a.push(value) - 1;
    for (let up = (i - 1) >> 1; i > 0 && a[up]! > value; up = (i - 1) >> 1) {
      a[i] = a[up]!;
      i = up;
    }
    a[i] = value;
  }

  take(): number | undefined {
    const a = this.#items;
    const top = a[0];
    const last = a.pop();
    if (last === undefined || a.length === 0) return top;
    let i = 0;
    for (let down = 1; down < a.length; down = 2 * i + 1) {
      if (down + 1 < a.length && a[down + 1]! < a[down]!) down++;
      if (a[down]! >= last) break;
      a[i] = a[down]!;
      i = down;
    }
    a[i] = last;
    return top;
  }
}
