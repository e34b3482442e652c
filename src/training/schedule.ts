/** Learning rates over a training. */

/** @param done share of all epochs, 0 … 1 */
export type Schedule = (done: number, epoch: number) => number;

/** Halved after every so many epochs (He et al. 2019). */
export function halving(rate: number, every: number): Schedule {
  return (_, epoch) => rate * 0.5 ** Math.floor(epoch / every);
}

/** From the full rate down to a hundredth along half a cosine (Loshchilov & Hutter 2017), after a short linear start. */
export function cosine(rate: number, warmUp = 0.02): Schedule {
  return (done) => {
    if (done < warmUp) return (rate * (done + 0.1 * warmUp)) / (1.1 * warmUp);
    const share = (done - warmUp) / (1 - warmUp);
    return rate * (0.01 + 0.99 * 0.5 * (1 + Math.cos(Math.PI * share)));
  };
}
