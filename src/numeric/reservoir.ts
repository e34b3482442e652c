/** A uniform sample of bounded size of what comes along, in one pass (Vitter 1985, algorithm R). Whole until it is full. */
export class Reservoir<T> {
  readonly #size: number;
  readonly #random: () => number;
  readonly #kept: T[] = [];
  #seen = 0;

  /** @param random uniform on [0, 1) */
  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#random = random;
  }

  add(value: T): void {
    this.#seen++;
    if (this.#kept.length < this.#size) {
      this.#kept.push(value);
      return;
    }
    const at = Math.floor(this.#random() * this.#seen);
    if (at < this.#size) this.#kept[at] = value;
  }

  get seen(): number {
    return this.#seen;
  }

  get kept(): readonly T[] {
    return this.#kept;
  }
}
