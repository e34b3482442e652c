/**
 * The least of what was measured lately: times only ever grow by what gets in the way. All of the last moments count, at least so many
 * and at most five, so that one hiccup slows nothing down and a lasting change is seen after a few.
 */
export class Fastest {
  readonly #samples: { readonly value: number; readonly atMs: number }[] = [];
  readonly #least: number;

  /** @param least that count however old they are */
  constructor(least = 2) {
    this.#least = least;
  }

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
      ({ atMs }, i) => newest - atMs <= LATELY_MS || i >= this.#samples.length - this.#least,
    );
    return counted.length === 0 ? undefined : Math.min(...counted.map((s) => s.value));
  }
}

const [MOST, LATELY_MS] = [5, 1500];
