/**
 * Discrete Laplace and discrete Gaussian noise, sampled exactly (Canonne, Kamath and Steinke, NeurIPS 2020). Floats drawn by
 * formula miss values that tell what they were added to (Mironov, CCS 2012); integers of the right law do not.
 */
import type { Coins } from './bernoulli.ts';

/** Steps of the grid in one σ, or one b: finer than any attack can use, coarse enough for exact products below 2⁵³. */
export const stepsPerScale = 1024;

/** P(x) ∝ exp(−|x|/t), t a whole number ≥ 1: their algorithm 2. */
export function discreteLaplace(coins: Coins, t: number): number {
  for (;;) {
    const u = coins.below(t);
    if (!coins.exponential(u, t)) continue;
    let v = 0;
    while (coins.exponential(1, 1)) v++;
    const magnitude = u + t * v;
    const negative = coins.below(2) === 1;
    // Zero would come twice.
    if (negative && magnitude === 0) continue;
    return negative ? -magnitude : magnitude;
  }
}

/** P(x) ∝ exp(−x²/2σ²), σ a whole number, 1 ≤ σ ≤ 1024: their algorithm 3. */
export function discreteGaussian(coins: Coins, sigma: number): number {
  const t = sigma + 1;
  const variance = sigma * sigma;
  for (;;) {
    const y = discreteLaplace(coins, t);
    // (|y| − σ²/t)² / 2σ², as a fraction of whole numbers.
    const distance = Math.abs(Math.abs(y) * t - variance);
    // Beyond 2⁵³ the square would be rounded; so far out the coin falls once in e³⁰⁰⁰ throws.
    if (distance > 94_906_265) continue;
    if (coins.exponential(distance * distance, 2 * variance * t * t)) return y;
  }
}
