/** The part of a graph that data flows through, as numbers: what depends on the inputs and reaches an output. */
import { dependences } from '../dependence.ts';
import type { Graph } from '../graph.ts';
import { reads } from '../reads.ts';

export interface Flow {
  /** Tensors in order of production, the graph's inputs first. */
  readonly tensors: readonly string[];
  readonly inputCount: number;
  /** Indices into graph.nodes, in topological order. */
  readonly nodes: readonly number[];
  /** Tensor ids a node reads and writes. */
  readonly reads: readonly (readonly number[])[];
  readonly writes: readonly (readonly number[])[];
  /** The node (index into `nodes`) that makes a tensor; -1 for inputs. */
  readonly producer: Int32Array;
  /** 1 where the tensor is an output of the graph. */
  readonly isOutput: Uint8Array;
}

export function flowOf(graph: Graph): Flow {
  const kinds = dependences(graph);
  const isData = (name: string) => name !== '' && kinds.get(name) === 'data';
  const live = new Set(graph.outputs.map((o) => o.name).filter(isData));
  const kept: number[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((o) => live.has(o))) continue;
    kept.push(i);
    // Shape and Size of a tensor do not carry its data, unless the shape itself is data.
    for (const name of reads(node)) if (isData(name) && node.outputs.some(isData)) live.add(name);
  }
  kept.reverse();
  // Shape arithmetic was never live, so all that is kept carries data.
  const tensors = graph.inputs.map((v) => v.name).filter((name) => live.has(name));
  const inputCount = tensors.length;
  const producer: number[] = tensors.map(() => -1);
  const ids = new Map(tensors.map((name, id) => [name, id]));
  const readIds: number[][] = [];
  const writeIds: number[][] = [];
  for (const [n, i] of kept.entries()) {
    const node = graph.nodes[i]!;
    readIds.push(reads(node).flatMap((name) => ids.get(name) ?? []));
    const written: number[] = [];
    for (const o of node.outputs) {
      if (!live.has(o)) continue;
      ids.set(o, tensors.length);
      written.push(tensors.length);
      tensors.push(o);
      producer.push(n);
    }
    writeIds.push(written);
  }
  const isOutput = new Uint8Array(tensors.length);
  for (const o of graph.outputs) {
    const id = ids.get(o.name);
    if (id !== undefined) isOutput[id] = 1;
  }
  return {
    tensors,
    inputCount,
    nodes: kept,
    reads: readIds,
    writes: writeIds,
    producer: Int32Array.from(producer),
    isOutput,
  };
}
