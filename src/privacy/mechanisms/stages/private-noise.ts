/** Noise that claims an ε: values go on a grid inside the clipping ball, noise is a whole number of steps, sampled exactly. */
import { Coins } from '../dp/bernoulli.ts';
import { discreteGaussian, discreteLaplace, stepsPerScale } from '../dp/discrete.ts';
import { type Ball, onGrid } from '../dp/grid.ts';
import type { Guarantee, Law, Stage } from '../stage.ts';
import { additive } from './additive.ts';

/** @param ball that the row was clipped to; the sensitivity of the guarantee is its diameter */
export function privateNoise(
  text: string,
  law: Law & { kind: 'additive' },
  guarantee: Guarantee & { kind: 'dp' },
  ball: Ball,
): Stage {
  const step = law.scale / stepsPerScale;
  const draw = law.distribution === 'gaussian' ? discreteGaussian : discreteLaplace;
  return {
    // As a graph it is what it nearly is: the grid is a thousandth of the noise.
    ...additive(text, law),
    release(row, noise) {
      const coins = new Coins((out) => noise.words(out));
      for (const [k, steps] of onGrid(row, step, ball).entries()) {
        const { data } = row[k]!;
        for (let i = 0; i < data.length; i++) data[i] = (steps[i]! + draw(coins, stepsPerScale)) * step;
      }
    },
    guarantee: () => guarantee,
  };
}
