/** Drives many separate minimisations, evaluating the points they ask for as one batch. */
import type { Evaluation, Minimum } from './lbfgs.ts';

/** Value of each problem, and the gradients of all of them one after the other. */
export interface BatchEvaluation {
  readonly values: Float32Array;
  readonly gradients: Float32Array;
}

/**
 * @param problems one minimisation a row; each yields points of `size` values
 * @param evaluate takes [problems × size] values
 * @param onEvaluation called after each batch with the number of problems still running
 */
export async function minimiseBatch(
  problems: readonly Generator<Float32Array, Minimum, Evaluation>[],
  size: number,
  evaluate: (points: Float32Array) => Promise<BatchEvaluation>,
  onEvaluation?: (running: number) => void,
): Promise<{ readonly minima: readonly Minimum[]; readonly evaluations: number }> {
  const points = new Float32Array(problems.length * size);
  const minima: Minimum[] = [];
  const running = new Set<number>();
  const advance = (i: number, result: IteratorResult<Float32Array, Minimum>) => {
    if (result.done) {
      minima[i] = result.value;
      running.delete(i);
      points.set(result.value.point, i * size);
    } else {
      running.add(i);
      points.set(result.value, i * size);
    }
  };
  for (const [i, problem] of problems.entries()) advance(i, problem.next(undefined as never));
  let evaluations = 0;
  while (running.size > 0) {
    const { values, gradients } = await evaluate(points);
    evaluations++;
    for (const i of running) {
      const gradient = gradients.subarray(i * size, (i + 1) * size);
      advance(i, problems[i]!.next({ value: values[i]!, gradient }));
    }
    onEvaluation?.(running.size);
  }
  return { minima, evaluations };
}
