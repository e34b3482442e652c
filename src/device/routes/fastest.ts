/**
 * The least of what was measured lately: times only ever grow by what gets in the way, so one hiccup slows nothing down, and a change
 * that lasts is seen when what was before is no longer counted.
 */
export class Fastest {
  /** Each the least of a part of the time that counts. */
  readonly #least: { value: number; readonly atMs: number; lastMs: number }[] = [];
  readonly #latelyMs: number;

  /** @param latelyMs what is older counts only while nothing newer is known but one measurement */
  constructor(latelyMs = 1500) {
    this.#latelyMs = latelyMs;
  }

  add(value: number, atMs: number): void {
    const newest = this.#least.at(-1);
    if (newest && atMs - newest.atMs < this.#latelyMs / PARTS) {
      newest.value = Math.min(newest.value, value);
      newest.lastMs = atMs;
      return;
    }
    this.#least.push({ value, atMs, lastMs: atMs });
    if (this.#least.length > PARTS + 1) this.#least.shift();
  }

  /** What was before says nothing any more. */
  forget(): void {
    this.#least.length = 0;
  }

  get lastMs(): number {
    return this.#least.at(-1)?.lastMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Undefined before the first. */
  get value(): number | undefined {
    const counted = this.#least.filter(
      ({ lastMs }, i) => this.lastMs - lastMs <= this.#latelyMs || i >= this.#least.length - SURE,
    );
    return counted.length === 0 ? undefined : Math.min(...counted.map((part) => part.value));
  }
}

const PARTS = 5;
/** One alone may be a hiccup. */
const SURE = 2;
