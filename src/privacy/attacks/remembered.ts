/** An attack that runs once for each observation: others may begin where it ended without running it again. */
import { CutlineError } from '../../errors.ts';
import type { Attack, Reconstruction } from './attack.ts';

export function remembered<A extends Attack>(attack: A): A {
  const answers = new WeakMap<object, Promise<Reconstruction>>();
  const run = (context: Parameters<A['run']>[0]): Promise<Reconstruction> => {
    const known = answers.get(context.observed);
    if (known) return known;
    const answer = attack.run(context as never);
    answers.set(context.observed, answer);
    // A run that was stopped must not be remembered; one that failed would fail again.
    answer.catch((error) => {
      if (!(error instanceof CutlineError) || error.code === 'CANCELLED') answers.delete(context.observed);
    });
    return answer;
  };
  return { ...attack, run };
}
