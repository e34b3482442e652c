/** A solver minimises rMLE's objective for a batch of pictures, each its own problem. */
import type { Engine } from '../../../engine/index.ts';
import type { Graph, Tensor, Tensors } from '../../../model/index.ts';
import type { ObjectiveOptions } from '../objective.ts';
import type { Stop } from '../stops.ts';

export interface Problem {
  readonly engine: Engine;
  /** Batch n. */
  readonly head: Graph;
  readonly objective: ObjectiveOptions;
  /** The tensors of the cut, [n, …]. */
  readonly observed: Tensors;
  /** Where to begin, [n, …]: the picture, or with a `structure` its coordinates in the basis. */
  readonly start: Tensor;
  /** Weight of the total variation, one a picture; not with a `structure`, whose prior takes its place. */
  readonly lambdaTv: Float32Array;
  /** Weight of the squared norm, one a picture. */
  readonly lambdaL2: Float32Array;
  /** With a `structure`: each picture's basis, and the weight of its prior. */
  readonly basis?: BasisRows | undefined;
  readonly iterations: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
}

export interface BasisRows {
  /** As `basisRows` makes them. */
  readonly rows: Tensors;
  readonly lambda: Float32Array;
}

export interface Solution {
  readonly pictures: Tensor;
  /** The objective of each picture. */
  readonly values: Float32Array;
  /** Steps that each picture took. */
  readonly steps: Int32Array;
  readonly stops: readonly Stop[];
}

/** Steps taken by the picture that took most. */
export const mostSteps = ({ steps }: Pick<Solution, 'steps'>): number => steps.reduce((a, b) => Math.max(a, b), 0);

export interface Solver {
  readonly name: 'lbfgs' | 'adam';
  /** Two where the solver itself thinks between evaluations: then the engine has another part to evaluate meanwhile. */
  partsAtOnce(problem: Pick<Problem, 'head' | 'objective' | 'lambdaTv' | 'start'>): 1 | 2;
  solve(problem: Problem): Promise<Solution>;
}
