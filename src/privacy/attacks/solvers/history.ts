/**
 * What L-BFGS remembers: the pairs (s, y) of its last steps, and the two-loop recursion over them. The recursion runs on inner
 * products alone (Chen, Wang and Zhou, “Large-scale L-BFGS using MapReduce”, NIPS 2014): a step costs the products of the new
 * gradient with all vectors, and one linear combination of them.
 */
import { addCombination, dot, dots } from './vectors.ts';

export class History {
  readonly #limit: number;
  /** Oldest first; s[k] and y[k] are a pair. */
  #s: Float32Array[] = [];
  #y: Float32Array[] = [];
  /** sy[i][j] = sᵢᵀyⱼ for i ≤ j, yy[i][j] = yᵢᵀyⱼ for i ≤ j. */
  #sy: Float64Array[] = [];
  #yy: Float64Array[] = [];
  /** Products of the gradient with every s and every y. */
  #gs: Float64Array;
  #gy: Float64Array;
  #gsBefore: Float64Array;
  #gyBefore: Float64Array;
  readonly #alphas: Float64Array;
  readonly #betas: Float64Array;
  readonly #sum: Float64Array;
  #gradient: Float32Array;

  /** @param limit pairs kept */
  constructor(size: number, limit: number) {
    this.#limit = limit;
    const row = () => new Float64Array(limit);
    [this.#gs, this.#gy, this.#gsBefore, this.#gyBefore] = [row(), row(), row(), row()];
    [this.#alphas, this.#betas] = [row(), row()];
    this.#sum = new Float64Array(size);
    this.#gradient = new Float32Array(size);
  }

  /** Forgets all pairs; the gradient is that of where the descent stands. */
  begin(gradient: Float32Array): void {
    [this.#s, this.#y, this.#sy, this.#yy] = [[], [], [], []];
    this.#gradient = gradient;
  }

  /** A step has been taken. The gradients are of its two ends; `gradientTo` is kept, not copied. */
  push(from: Float32Array, to: Float32Array, gradientTo: Float32Array): void {
    const gradientFrom = this.#gradient;
    this.#gradient = gradientTo;
    [this.#gs, this.#gsBefore] = [this.#gsBefore, this.#gs];
    [this.#gy, this.#gyBefore] = [this.#gyBefore, this.#gy];
    const recycled = this.#s.length === this.#limit ? this.#dropOldest() : undefined;
    dots(gradientTo, this.#s, this.#gs);
    dots(gradientTo, this.#y, this.#gy);
    const s = recycled?.s ?? new Float32Array(to.length);
    const y = recycled?.y ?? new Float32Array(to.length);
    for (let i = 0; i < to.length; i++) {
      s[i] = to[i]! - from[i]!;
      y[i] = gradientTo[i]! - gradientFrom[i]!;
    }
    const own = { sy: dot(s, y), yy: dot(y, y) };
    // The Wolfe conditions promise sᵀy > 0; rounding may break the promise.
    if (!(own.sy > 1e-10 * Math.sqrt(dot(s, s) * own.yy))) return;
    const k = this.#s.length;
    // A column of sᵀy and one of yᵀy: y is the difference of two gradients, whose products are known.
    for (let i = 0; i < k; i++) {
      this.#sy[i]![k - i] = this.#gs[i]! - this.#gsBefore[i]!;
      this.#yy[i]![k - i] = this.#gy[i]! - this.#gyBefore[i]!;
    }
    this.#s.push(s);
    this.#y.push(y);
    this.#sy.push(recycled?.sy ?? new Float64Array(this.#limit));
    this.#yy.push(recycled?.yy ?? new Float64Array(this.#limit));
    this.#sy[k]![0] = own.sy;
    this.#yy[k]![0] = own.yy;
    this.#gs[k] = dot(gradientTo, s);
    this.#gy[k] = dot(gradientTo, y);
  }

  /** −H·gradient into `out`. */
  direction(out: Float32Array): void {
    const count = this.#s.length;
    const [alphas, betas, sum] = [this.#alphas, this.#betas, this.#sum];
    const sy = (i: number, j: number) => this.#sy[i]![j - i]!;
    const yy = (i: number, j: number) => (i <= j ? this.#yy[i]![j - i]! : this.#yy[j]![i - j]!);
    for (let k = count - 1; k >= 0; k--) {
      let product = -this.#gs[k]!;
      for (let j = k + 1; j < count; j++) product -= alphas[j]! * sy(k, j);
      alphas[k] = product / sy(k, k);
    }
    const last = count - 1;
    const gamma = count > 0 ? sy(last, last) / yy(last, last) : 1;
    for (let k = 0; k < count; k++) {
      let product = -this.#gy[k]!;
      for (let j = 0; j < count; j++) product -= alphas[j]! * yy(k, j);
      product *= gamma;
      for (let j = 0; j < k; j++) product += betas[j]! * sy(j, k);
      betas[k] = alphas[k]! - product / sy(k, k);
    }
    for (let k = 0; k < count; k++) alphas[k] = -gamma * alphas[k]!;
    for (let i = 0; i < sum.length; i++) sum[i] = -gamma * this.#gradient[i]!;
    addCombination(sum, this.#y, alphas);
    addCombination(sum, this.#s, betas);
    out.set(sum);
  }

  #dropOldest() {
    const dropped = { s: this.#s.shift()!, y: this.#y.shift()!, sy: this.#sy.shift()!, yy: this.#yy.shift()! };
    // The products before the step, too, are of what is left.
    this.#gsBefore.copyWithin(0, 1);
    this.#gyBefore.copyWithin(0, 1);
    return dropped;
  }
}
