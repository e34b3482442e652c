/** Adam with AMSGrad as one step graph, as published (He et al. 2019): constant rate, the last iterate is kept. */

import { learningRateInput, loadGradient } from '../../../autodiff/index.ts';
import { asFloat32, scalar, type Tensor } from '../../../model/index.ts';
import { meanSquareOf } from '../../../numeric/index.ts';
import { sessionBytes } from '../memory.ts';
import { adamGraph, names } from '../objective.ts';
import type { Stop } from '../stops.ts';
import { objectiveFeeds } from './feeds.ts';
import type { Solver } from './solver.ts';
import { explainedBelow, hasMoved } from './stop.ts';

/** Root mean square that no picture in a network's units, and no code, comes near: a rate that leads there leads nowhere. */
const runaway = 100;

export function adamSolver(learningRate: number): Solver {
  return {
    name: 'adam',
    partsAtOnce: () => 1,
    async solve(problem) {
      const { engine, head, start, iterations, signal } = problem;
      const input = head.inputs[0]!.name;
      const { graph, step } = adamGraph(head, problem.objective);
      const pictures = Object.entries(step.carry).find(([, to]) => to === input)![0];
      const session = await loadGradient(engine, graph, { keepBytes: sessionBytes(head), ...(signal && { signal }) });
      const feeds = { ...objectiveFeeds(problem), ...step.initial, [learningRateInput]: scalar(learningRate) };
      const valuesAt = async (at: Tensor) => {
        const found = await session.run(
          { ...feeds, [input]: at },
          { outputs: [names.value], ...(signal && { signal }) },
        );
        return asFloat32(found[names.value]);
      };
      try {
        const first = await valuesAt(start);
        const results = await session.loop(
          { ...feeds, [input]: start },
          {
            steps: iterations,
            carry: step.carry,
            outputs: [pictures],
            ...(signal && { signal }),
            onProgress: (n) => problem.onProgress?.(n / iterations),
          },
        );
        const found = results[pictures]!;
        const values = await valuesAt(found);
        const explained = explainedBelow(problem.observed);
        const size = start.data.length / first.length;
        const rowOf = (t: Tensor, i: number) => asFloat32(t).subarray(i * size, (i + 1) * size);
        const stopOf = (_: unknown, i: number): Stop => {
          const [from, to] = [rowOf(start, i), rowOf(found, i)];
          if (!Number.isFinite(values[i]) || !to.every(Number.isFinite)) return 'not-finite';
          if (first[i]! <= explained[i]!) return 'enough';
          // A rate of its own moves every coordinate whose gradient is not zero.
          if (!hasMoved(from, to)) return 'flat';
          return values[i]! >= first[i]! || rootMeanSquare(to) > runaway * (1 + rootMeanSquare(from))
            ? 'risen'
            : 'limit';
        };
        return {
          pictures: found,
          values,
          steps: new Int32Array(first.length).fill(iterations),
          stops: Array.from(first, stopOf),
        };
      } finally {
        await session.close();
      }
    },
  };
}

const rootMeanSquare = (x: Float32Array): number => Math.sqrt(meanSquareOf(x));
