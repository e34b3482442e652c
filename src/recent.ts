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

/** What is known of the last so many, of whom one was heard last; whoever was not heard of for longest is forgotten. */
export class RecentMap<K, V> {
  readonly #most: number;
  readonly #all = new Map<K, V>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts as hearing of it. */
  get(key: K): V | undefined {
    const value = this.#all.get(key);
    if (value === undefined) return undefined;
    this.#all.delete(key);
    this.#all.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.#all.delete(key);
    this.#all.set(key, value);
    if (this.#all.size <= this.#most) return;
    for (const oldest of this.#all.keys()) {
      this.#all.delete(oldest);
      return;
    }
  }

  delete(key: K): void {
    this.#all.delete(key);
  }
}
