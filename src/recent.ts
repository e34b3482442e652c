/** The last so many of whatever comes, without end of memory. */
export class Recent<T> {
  readonly #most: number;
  readonly #all = new Set<T>();

  constructor(most: number) {
    this.#most = most;
  }

  add(value: T): void {
    this.#all.delete(value);
    this.#all.add(value);
    if (this.#all.size <= this.#most) return;
    for (const oldest of this.#all) {
      this.#all.delete(oldest);
      return;
    }
  }

  has(value: T): boolean {
    return this.#all.has(value);
  }

  /** Whether it was there. */
  delete(value: T): boolean {
    return this.#all.delete(value);
  }
}
