/** What the objective's graphs are fed besides the pictures. */
import { float32, type Tensors } from '../../../model/index.ts';
import { names } from '../objective.ts';
import type { Problem } from './solver.ts';

export function objectiveFeeds({ observed, start, lambdaTv, lambdaL2, basis }: Problem): Tensors {
  const n = start.shape[0]!;
  const features = Object.entries(observed).map(([name, tensor]) => [names.observed(name), tensor] as const);
  return {
    ...Object.fromEntries(features),
    [names.lambdaL2]: float32(lambdaL2, [n]),
    ...(basis
      ? { ...basis.rows, [names.lambdaPrior]: float32(basis.lambda, [n]) }
      : { [names.lambdaTv]: float32(lambdaTv, [n]) }),
  };
}
