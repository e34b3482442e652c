/** Whether anybody answers at all: told when that changes. Times by `performance.now()`. */
export class Silence {
  #heardMs = Number.NEGATIVE_INFINITY;
  #lasts = false;

  /** Something that was sent then got no answer in time, though the broker has it. True where that begins a silence. */
  begunBy(sentMs: number): boolean {
    if (this.#lasts || this.#heardMs >= sentMs) return false;
    this.#lasts = true;
    return true;
  }

  /** Somebody answered something. True where that ends a silence. */
  endedBy(arrivedMs: number): boolean {
    this.#heardMs = arrivedMs;
    const lasted = this.#lasts;
    this.#lasts = false;
    return lasted;
  }
}
