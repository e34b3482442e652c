/** Who had no room, counted without keeping more than so many names. */

const MOST = 10_000;

export class LeftOut {
  readonly #names = new Set<string>();
  #isMore = false;

  add(name: string): void {
    if (this.#names.has(name)) return;
    if (this.#names.size >= MOST) this.#isMore = true;
    else this.#names.add(name);
  }

  get count(): number {
    return this.#names.size;
  }

  /** There were others, which are not counted. */
  get isMore(): boolean {
    return this.#isMore;
  }
}
