/** How many pictures an attack takes at once, so that it stays within its memory. */
import { CutlineError } from '../../errors.ts';
import { allValues, type Graph, sizeOf } from '../../model/index.ts';

/** Weights are there once; every activation is kept for the backward pass, and about as much again and a half goes to cotangents and scratch space. */
const timesActivations = 2.5;

/** Of an attack's memory, what a training takes for activations; the rest is for what it learns from. */
export const trainingShare = 3 / 8;

export interface MemoryUse {
  /** What is run forward and back, batch one, shapes known. */
  readonly graphs: readonly Graph[];
  /** Numbers kept for each picture besides. */
  readonly state?: number;
}

/**
 * @param most never more than these, however much memory there is
 * @throws CutlineError MEMORY_BUDGET when not even one fits
 */
export function picturesThatFit({ graphs, state = 0 }: MemoryUse, memoryBytes: number, most: number): number {
  let weights = 0;
  let activations = 0;
  for (const graph of graphs) {
    const numbers = numbersIn(graph);
    weights += numbers.weights;
    activations += numbers.activations;
  }
  const bytes = 4 * (timesActivations * activations + state);
  const fitting = Math.floor((memoryBytes - 4 * weights) / bytes);
  if (fitting < 1) {
    const gigabytes = (n: number) => (n / 2 ** 30).toFixed(2);
    throw new CutlineError('MEMORY_BUDGET', { needed: gigabytes(bytes + 4 * weights), budget: gigabytes(memoryBytes) });
  }
  return Math.min(most, fitting);
}

/** What a session that runs a graph forward and back takes; shapes known. */
export function sessionBytes(graph: Graph): number {
  const { weights, activations } = numbersIn(graph);
  return 4 * (weights + timesActivations * activations);
}

function numbersIn(graph: Graph): { readonly weights: number; readonly activations: number } {
  let weights = 0;
  let activations = 0;
  for (const { name, shape } of allValues(graph).values()) {
    const size = sizeOf(shape.map((d) => (typeof d === 'number' ? d : 1)));
    if (graph.initializers.has(name)) weights += size;
    else activations += size;
  }
  return { weights, activations };
}
