/** A head of the attacker's own before and after it has learnt, for any batch. */
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
import type { AttackContext, KnownStructure } from '../attack.ts';
import { generatedHead, type SeenTensor } from './generated.ts';
import { paperHead } from './paper.ts';

/**
 * `known`: as the head is built. `paper`: what He et al. (2019) took where it is not known. `generated`: from the shapes of
 * picture and activation.
 */
export const headStructures = ['known', 'paper', 'generated'] as const;
export type HeadStructure = (typeof headStructures)[number];

/** The head for a batch of n, shapes known. */
export type HeadOf = (n: number) => Promise<Graph>;

export interface FreshHead {
  readonly structure: HeadStructure;
  readonly cut: string;
  /** The tensors of the cut, as the cloud has seen them. */
  readonly seen: readonly SeenTensor[];
  /** Of what it is to be joined to; what is written here means the same in all of them from 16 on. Default 17. */
  readonly opsets?: Graph['opsets'] | undefined;
  readonly random: Random;
}

/** @throws CutlineError SHADOW_UNFIT when weights cannot be told from structure, or the paper has no head for the cut */
export async function freshHead(
  context: Pick<AttackContext, 'engine' | 'preprocessing'> & KnownStructure,
  { structure, cut, seen, opsets, random }: FreshHead,
): Promise<HeadOf> {
  if (structure === 'known') return async (n) => raiseOpset(await context.structure(n, random));
  const { engine, preprocessing } = context;
  const input = 'own:picture';
  const written =
    structure === 'paper'
      ? paperHead(cut, seen, preprocessing, input, random)
      : generatedHead(seen, preprocessing, input, random);
  const graph = opsets ? { ...written, opsets } : written;
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
