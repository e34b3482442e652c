/** A uniform sample of bounded size of what comes along, in one pass (Vitter 1985, algorithm R). All of it until that is full. */
export class Reservoir {
  readonly #size: number;
  readonly #random: () => number;
  #seen = 0;

  /** @param random uniform on [0, 1) */
  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#random = random;
  }

  /** Where the next value belongs, 0 … size−1, in place of what is there; undefined when it is not kept. */
  next(): number | undefined {
    this.#seen++;
    if (this.#seen <= this.#size) return this.#seen - 1;
    const at = Math.floor(this.#random() * this.#seen);
    return at < this.#size ? at : undefined;
  }

  get seen(): number {
    return this.#seen;
  }

  get kept(): number {
    return Math.min(this.#seen, this.#size);
  }
}
