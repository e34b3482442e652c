/** What running a graph takes, reckoned from shapes before anything is allocated: a size in a file is only a number. */
import { CutlineError } from '../errors.ts';
import { attrInt, type Graph, type Node, nodeLabel, type ValueInfo } from './graph.ts';
import { reads } from './reads.ts';
import { bytesPerElement, sizeOf } from './tensor.ts';
import { allValues, fixedShape } from './values.ts';

/** For one run that learns shapes, folds constants or proves a gradient: what an audit gives one attack. The same on every machine. */
export const runBytes = 3 * 2 ** 30;

type Values = ReadonlyMap<string, ValueInfo>;

/**
 * Walks the graph as a runtime does, which frees each tensor after its last reader. Weights are there already and not counted,
 * nor is what has no known shape.
 * @param values types and shapes, as far as known
 * @throws CutlineError MODEL_MEMORY naming the node with which it gets too much
 */
export function requireMemory(graph: Graph, values: Values = allValues(graph), limit: number = runBytes): void {
  const large = graph.inputs.find((v) => bytesOf(v) > limit);
  if (large) throw new CutlineError('MODEL_MEMORY', { what: `input ${large.name}`, bytes: bytesOf(large), limit });
  walk(graph, values, (node, bytes) => requireRoom(node, bytes, limit));
}

/** The most that lives at once while it runs, weights apart; bytes. */
export function peakBytes(graph: Graph, values: Values = allValues(graph)): number {
  let peak = graph.inputs.reduce((sum, v) => sum + bytesOf(values.get(v.name)), 0);
  walk(graph, values, (_, bytes) => {
    peak = Math.max(peak, bytes);
  });
  return peak;
}

/** @param at each node, with the bytes that live while it runs */
function walk(graph: Graph, values: Values, at: (node: Node, bytes: number) => void): void {
  const kept = new Set(graph.outputs.map((v) => v.name));
  const lastReader = new Map<string, Node>();
  for (const node of graph.nodes) for (const name of reads(node)) lastReader.set(name, node);
  const held = new Map<string, number>();
  let live = 0;
  const hold = (name: string) => {
    const bytes = bytesOf(values.get(name));
    held.set(name, bytes);
    live += bytes;
  };
  const free = (name: string) => {
    live -= held.get(name) ?? 0;
    held.delete(name);
  };
  for (const { name } of graph.inputs) hold(name);
  for (const node of graph.nodes) {
    for (const name of node.outputs) if (name !== '') hold(name);
    at(node, live + scratchBytes(node, values));
    for (const name of reads(node)) if (lastReader.get(name) === node && !kept.has(name)) free(name);
    for (const name of node.outputs) if (!lastReader.has(name) && !kept.has(name)) free(name);
  }
}

/** @throws CutlineError MODEL_MEMORY */
export function requireRoom(node: Node, bytes: number, limit: number = runBytes): void {
  if (bytes <= limit) return;
  throw new CutlineError('MODEL_MEMORY', { what: `node ${nodeLabel(node)} (${node.op})`, bytes, limit });
}

/**
 * Zeros that a graph is written with on behalf of a node.
 * @throws CutlineError MODEL_MEMORY naming it
 */
export function zerosFor(node: Node, count: number): Float32Array {
  requireRoom(node, count * Float32Array.BYTES_PER_ELEMENT);
  return new Float32Array(count);
}

function bytesOf(value: ValueInfo | undefined): number {
  const shape = fixedShape(value);
  // Texts take what they take; a pointer each at least.
  return value && shape ? sizeOf(shape) * (bytesPerElement(value.dtype) ?? 8) : 0;
}

/**
 * The columns of an image that onnxruntime's convolutions multiply by the kernel, for one group of one sample. Where there are
 * more positions than filters it makes only a few at a time, of float32 at least.
 */
function scratchBytes(node: Node, values: Values): number {
  if (node.domain !== '' || (node.op !== 'Conv' && node.op !== 'ConvTranspose')) return 0;
  const [x, w, y] = [node.inputs[0], node.inputs[1], node.outputs[0]].map((name) => fixedShape(values.get(name ?? '')));
  if (!x || !w || !y) return 0;
  const width = bytesPerElement(values.get(node.inputs[0]!)!.dtype) ?? 4;
  if (node.op === 'ConvTranspose') return sizeOf(w.slice(1)) * sizeOf(x.slice(2)) * width;
  const positions = sizeOf(y.slice(2));
  const filters = w[0]! / attrInt(node, 'group', 1);
  return filters > positions || width !== 4 ? sizeOf(w.slice(1)) * positions * width : 0;
}
