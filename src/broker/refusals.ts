/** Messages that were refused, by kind. */
export class Refusals<K extends string> {
  readonly #counts: Record<K, number>;
  readonly #say: (total: number, problem: string) => void;
  #total = 0;

  /** @param say told of the first, then ever more rarely: a flood must not become a flood of lines */
  constructor(kinds: readonly K[], say: (total: number, problem: string) => void) {
    this.#counts = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<K, number>;
    this.#say = say;
  }

  get total(): number {
    return this.#total;
  }

  get counts(): Readonly<Record<K, number>> {
    return { ...this.#counts };
  }

  add(kind: K, problem: string): void {
    this.#counts[kind]++;
    this.#total++;
    if ((this.#total & (this.#total - 1)) === 0) this.#say(this.#total, problem);
  }
}
