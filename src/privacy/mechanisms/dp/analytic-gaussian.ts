/** The analytic Gaussian mechanism (Balle and Wang, ICML 2018): the least σ that keeps (ε, δ), for every ε. */

export interface GaussianTarget {
  /** ε > 0. */
  readonly epsilon: number;
  /** 0 < δ < 1. */
  readonly delta: number;
  /** Greatest l2 distance of two neighbours, > 0. */
  readonly sensitivity: number;
}

/** δ that noise of this σ keeps at ε: Φ(Δ/2σ − εσ/Δ) − e^ε Φ(−Δ/2σ − εσ/Δ). */
export function deltaOf(epsilon: number, sigmaPerSensitivity: number): number {
  const half = 1 / (2 * sigmaPerSensitivity);
  const shift = epsilon * sigmaPerSensitivity;
  // The second term as exp(ε + log Φ): e^ε alone overflows.
  return Math.exp(logNormalCdf(half - shift)) - Math.exp(epsilon + logNormalCdf(-half - shift));
}

/** By bisection to the last digits of a double; δ falls with σ. */
export function analyticGaussianSd({ epsilon, delta, sensitivity }: GaussianTarget): number {
  let low = 1e-6;
  let high = 1;
  while (deltaOf(epsilon, high) > delta) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (deltaOf(epsilon, middle) > delta) low = middle;
    else high = middle;
  }
  return high * sensitivity;
}

/** log Φ(x), to about 1e-14 relative: a series near the middle, the continued fraction of Mills' ratio in the tail. */
export function logNormalCdf(x: number): number {
  if (x > 0) return Math.log1p(-Math.exp(logNormalCdf(-x)));
  if (x > -4) {
    // Φ(x) = ½ + φ(x) Σ x^(2k+1) / (2k+1)!!
    let term = x;
    let sum = x;
    for (let k = 1; k < 200 && Math.abs(term) > 1e-18 * Math.abs(sum); k++) {
      term *= (x * x) / (2 * k + 1);
      sum += term;
    }
    return Math.log(0.5 + (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum);
  }
  let fraction = -x;
  for (let k = 120; k >= 1; k--) fraction = -x + k / fraction;
  return (-x * x) / 2 - Math.log(Math.sqrt(2 * Math.PI)) - Math.log(fraction);
}
