/**
 * Zero-concentrated differential privacy (Bun and Steinke 2016): the Rényi divergence of order α of a mechanism is at most
 * αρ. Gaussian noise has ρ = Δ²/2σ², in any number of dimensions, and discrete Gaussian noise no more (Canonne, Kamath and
 * Steinke 2020, theorem 14). Releases of one scene add their ρ, and what they add up to is told as (ε, δ).
 */

export const rhoOf = (sensitivity: number, sigma: number): number => (sensitivity / sigma) ** 2 / 2;

/** A pure ε is ε²/2-concentrated. */
export const rhoOfPure = (epsilon: number): number => epsilon ** 2 / 2;

/** Least δ that ρ is known to keep at ε: min over α of exp((α−1)(αρ−ε)) (1−1/α)^α / (α−1) (their corollary 13). */
export function deltaOfRho(rho: number, epsilon: number): number {
  if (rho === 0) return 0;
  const logDelta = (alpha: number) =>
    (alpha - 1) * (alpha * rho - epsilon) + alpha * Math.log1p(-1 / alpha) - Math.log(alpha - 1);
  // Convex in α; the least lies near (ε/ρ + 1)/2.
  let low = Math.log(1e-10);
  let high = Math.log(epsilon / rho + 100);
  for (let i = 0; i < 200; i++) {
    const a = low + (high - low) / 3;
    const b = high - (high - low) / 3;
    if (logDelta(1 + Math.exp(a)) < logDelta(1 + Math.exp(b))) high = b;
    else low = a;
  }
  return Math.min(1, Math.exp(logDelta(1 + Math.exp(low))));
}

/** Least ε that ρ keeps at δ, by bisection. */
export function epsilonOfRho(rho: number, delta: number): number {
  if (rho === 0) return 0;
  let low = 0;
  let high = 1;
  while (deltaOfRho(rho, high) > delta) high *= 2;
  for (let i = 0; i < 100 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2;
    if (deltaOfRho(rho, middle) > delta) low = middle;
    else high = middle;
  }
  return high;
}

/** Greatest ρ that is known to keep (ε, δ). */
export function rhoOfBudget(epsilon: number, delta: number): number {
  let low = 0;
  let high = 1;
  while (deltaOfRho(high, epsilon) <= delta) high *= 2;
  for (let i = 0; i < 100 && high - low > 1e-13 * high; i++) {
    const middle = (low + high) / 2;
    if (deltaOfRho(middle, epsilon) <= delta) low = middle;
    else high = middle;
  }
  return low;
}

/** Least σ per unit of sensitivity that is known to keep (ε, δ). */
export const sigmaFor = (epsilon: number, delta: number): number => Math.sqrt(1 / (2 * rhoOfBudget(epsilon, delta)));
