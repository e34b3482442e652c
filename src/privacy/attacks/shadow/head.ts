/** The shadow head before and after it has learnt, for any batch. */
import { raiseOpset } from '../../../autodiff/index.ts';
import {
  asFloat32,
  bindBatch,
  float32,
  type Graph,
  inferShapes,
  type Tensor,
  weightRoles,
} from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import type { QueryFreeContext } from '../attack.ts';
import { generatedHead } from './generated.ts';
import { paperHead } from './paper.ts';

/**
 * `known`: as the head is built. `paper`: what He et al. (2019) took where it is not known. `generated`: from the shapes of
 * picture and activation.
 */
export const shadowStructures = ['known', 'paper', 'generated'] as const;
export type ShadowStructure = (typeof shadowStructures)[number];

/** The head for a batch of n, shapes known. */
export type HeadOf = (n: number) => Promise<Graph>;

/** @param opsets of the tail; what is written here means the same in all of them from 16 on */
export async function freshHead(
  context: QueryFreeContext,
  structure: ShadowStructure,
  cut: string,
  opsets: Graph['opsets'],
  random: Random,
): Promise<HeadOf> {
  if (structure === 'known') return async (n) => raiseOpset(await context.structure(n));
  const { engine, observed, preprocessing } = context;
  const input = 'shadow:picture';
  const write = structure === 'paper' ? paperHead.bind(undefined, cut) : generatedHead;
  const graph = { ...write(observed, preprocessing, input, random), opsets };
  return (n) => inferShapes(bindBatch(graph, n), engine);
}

/** Running statistics are not moved by gradients. */
export function trainable(head: Graph): string[] {
  return [...weightRoles(head)].filter(([, { kind }]) => kind !== 'mean' && kind !== 'variance').map(([name]) => name);
}

export function withWeights(head: Graph, weights: ReadonlyMap<string, Tensor>): Graph {
  const initializers = new Map(head.initializers);
  for (const [name, tensor] of weights) {
    const own = initializers.get(name);
    if (own) initializers.set(name, String(own.shape) === String(tensor.shape) ? tensor : averaged(tensor, own.shape));
  }
  return { ...head, initializers };
}

/** A token beside the batch was computed once a row, and so was learnt once a row; rows are interchangeable. */
function averaged(tensor: Tensor, shape: readonly number[]): Tensor {
  const data = asFloat32(tensor);
  const rows = tensor.shape[0]!;
  const size = data.length / rows;
  const mean = new Float32Array(size);
  for (const [i, v] of data.entries()) mean[i % size]! += v / rows;
  const out = new Float32Array(size * shape[0]!);
  for (let i = 0; i < shape[0]!; i++) out.set(mean, i * size);
  return float32(out, shape);
}
