/**
 * The least of what was measured lately: times only ever grow by what gets in the way. All of the last moments count, at least two and
 * at most five, so that one hiccup slows nothing down and a lasting change is seen after a few.
 */
export class Fastest {
  readonly #samples: { readonly value: number; readonly atMs: number }[] = [];

  add(value: number, atMs: number): void {
    this.#samples.push({ value, atMs });
    if (this.#samples.length > MOST) this.#samples.shift();
  }

  get lastMs(): number {
    return this.#samples.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Undefined before the first. */
  get value(): number | undefined {
    const newest = this.lastMs;
    const counted = this.#samples.filter(
      ({ atMs }, i) => newest - atMs <= LATELY_MS || i >= this.#samples.length - LEAST,
    );
    return counted.length === 0 ? undefined : Math.min(...counted.map((s) => s.value));
  }
}

const [LEAST, MOST, LATELY_MS] = [2, 5, 1500];
