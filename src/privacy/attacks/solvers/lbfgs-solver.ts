/** L-BFGS, or what it comes to on a quadratic, for every picture on its own, their evaluations in one batch. */
import { loadGradient } from '../../../autodiff/index.ts';
import { asFloat32, float32, meanSquares } from '../../../model/index.ts';
import { sessionBytes } from '../memory.ts';
import { evaluationGraph, names } from '../objective.ts';
import { basisNames } from '../prior/index.ts';
import { isMiss } from '../stops.ts';
import { minimiseBatch } from './batch.ts';
import { conjugateGradients } from './conjugate-gradients.ts';
import { objectiveFeeds } from './feeds.ts';
import { lbfgs } from './lbfgs.ts';
import type { Waves } from './preconditioner.ts';
import { isQuadratic } from './quadratic.ts';
import type { Problem, Solver } from './solver.ts';
import { explainedBelow } from './stop.ts';

/** Of the features' mean square. Float32 features differ by 1e-14 of it when pictures differ by nothing that anybody sees. */
const exact = 1e-12;

/** Where nothing is believed of pictures, features that agree to the last digits are the end; a prior weighs on for ever. */
function enoughOf({ observed, objective, basis, lambdaTv, lambdaL2 }: Problem): Float64Array {
  const squares = meanSquares(observed);
  return Float64Array.from(squares, (square, i) => {
    const believes = (basis?.lambda[i] ?? 0) > 0 || lambdaTv[i]! > 0 || lambdaL2[i]! > 0;
    // Who observes nothing, or noise, has nothing to explain, and no end to reach.
    if (square === 0 || objective.mostlyNoise) return Number.NEGATIVE_INFINITY;
    return believes || objective.likelihood.kind !== 'squares' ? 0 : exact * square;
  });
}

/** What the coordinates are in which the descent goes, if they are waves. */
function wavesOf({ objective, start }: Problem): Waves | undefined {
  const [, planes, height, width] = start.shape as [number, number, number, number];
  return objective.structure?.kind === 'spectrum' ? { planes, height, width } : undefined;
}

/** On a quadratic, so few take less thought than it costs to ask the engine twice. */
const fewValues = 2 ** 15;

export const lbfgsSolver: Solver = {
  name: 'lbfgs',
  partsAtOnce: (problem) => (isQuadratic(problem) && problem.start.data.length <= fewValues ? 1 : 2),
  async solve(problem) {
    const { engine, head, start, iterations, signal } = problem;
    const n = start.shape[0]!;
    const size = start.data.length / n;
    const input = problem.objective.structure ? basisNames.z : head.inputs[0]!.name;
    const cancel = signal && { signal };
    const keepBytes = sessionBytes(head);
    const session = await loadGradient(engine, evaluationGraph(head, problem.objective), {
      spinning: false,
      keepBytes,
      ...cancel,
    });
    try {
      // Handed over once: features are most of what an evaluation reads.
      const own = await session.hold(objectiveFeeds(problem), cancel);
      const evaluate = (points: Float32Array, outputs: readonly string[]) =>
        own.run({ [input]: float32(points, start.shape) }, { outputs, ...cancel });
      const first = asFloat32(start);
      const enough = enoughOf(problem);
      const waves = wavesOf(problem);
      const descent = isQuadratic(problem) ? conjugateGradients : lbfgs;
      const problems = Array.from({ length: n }, (_, i) =>
        descent(first.subarray(i * size, (i + 1) * size), { iterations, enough: enough[i]!, waves }),
      );
      let evaluations = 0;
      const { minima } = await minimiseBatch(problems, size, async (points) => {
        const results = await evaluate(points, [names.value, names.gradient]);
        // A line search takes few trials, so evaluations tell how far along the steps are.
        problem.onProgress?.(Math.min(0.99, ++evaluations / (iterations * 1.1)));
        return {
          values: asFloat32(results[names.value]),
          gradients: asFloat32(results[names.gradient]),
        };
      });
      const points = new Float32Array(start.data.length);
      for (const [i, m] of minima.entries()) points.set(m.point, i * size);
      const pictures = problem.objective.structure
        ? (await evaluate(points, [names.picture]))[names.picture]!
        : float32(points, start.shape);
      const explained = explainedBelow(problem.observed);
      return {
        pictures,
        values: Float32Array.from(minima, (m) => m.value),
        steps: Int32Array.from(minima, (m) => m.iterations),
        // A beginning that somebody made may leave nothing to do.
        stops: minima.map(({ stop, first }, i) => (isMiss(stop) && first <= explained[i]! ? 'enough' : stop)),
      };
    } finally {
      await session.close();
    }
  },
};
