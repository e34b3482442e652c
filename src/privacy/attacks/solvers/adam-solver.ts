/** Adam with AMSGrad as one step graph, as published (He et al. 2019): constant rate, the last iterate is kept. */
import { learningRateInput, loadGradient } from '../../../autodiff/index.ts';
import { asFloat32, scalar } from '../../../model/index.ts';
import { adamGraph, names } from '../objective.ts';
import { objectiveFeeds } from './feeds.ts';
import type { Solver } from './solver.ts';

export function adamSolver(learningRate: number): Solver {
  return {
    name: 'adam',
    partsAtOnce: 1,
    async solve(problem) {
      const { engine, head, start, iterations, signal } = problem;
      const input = head.inputs[0]!.name;
      const { graph, step } = adamGraph(head, problem.objective);
      const pictures = Object.entries(step.carry).find(([, to]) => to === input)![0];
      const session = await loadGradient(engine, graph, signal && { signal });
      try {
        const results = await session.loop(
          {
            ...objectiveFeeds(problem),
            ...step.initial,
            [learningRateInput]: scalar(learningRate),
            [input]: start,
          },
          {
            steps: iterations,
            carry: step.carry,
            outputs: [pictures, names.value],
            ...(signal && { signal }),
            onProgress: (n) => problem.onProgress?.(n / iterations),
          },
        );
        return {
          pictures: results[pictures]!,
          values: asFloat32(results[names.value]),
          iterations,
        };
      } finally {
        await session.close();
      }
    },
  };
}
