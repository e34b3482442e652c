/** What went wrong last, by code: a camera that fails all night is one line, not ten thousand. */

export interface LastFailure {
  readonly code: string;
  readonly count: number;
  /** Of the last one, ISO 8601. */
  readonly at: string;
}

export class LastFailures {
  /** The latest last. Codes are those of the catalogue, so that there are few. */
  readonly #all = new Map<string, LastFailure>();

  add(code: string, at: string): void {
    const count = (this.#all.get(code)?.count ?? 0) + 1;
    this.#all.delete(code);
    this.#all.set(code, { code, count, at });
  }

  /** The latest first. */
  latest(most: number): LastFailure[] {
    return [...this.#all.values()].slice(-most).reverse();
  }
}
