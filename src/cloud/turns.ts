/** What waits, by device: each device has its turn, however much another one sends. */
export class Turns<T> {
  /** The device whose turn it is stands first. */
  readonly #queues = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  waitingOf(device: string): number {
    return this.#queues.get(device)?.length ?? 0;
  }

  /** The least of a number over the first of each device; what came first of all is one of them. */
  oldest(number: (item: T) => number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const [first] of this.#queues.values()) least = Math.min(least, number(first!));
    return least;
  }

  push(device: string, item: T): void {
    const queue = this.#queues.get(device);
    if (queue) queue.push(item);
    else this.#queues.set(device, [item]);
    this.#size++;
  }

  /** The oldest of the device whose turn it is. */
  next(): T | undefined {
    for (const [device, queue] of this.#queues) {
      this.#queues.delete(device);
      const item = queue.shift()!;
      if (queue.length > 0) this.#queues.set(device, queue);
      this.#size--;
      return item;
    }
    return undefined;
  }

  /** Takes away the newest of the device that has most waiting, where that is more than `than`. */
  evict(than: number): T | undefined {
    let most: readonly [device: string, queue: T[]] | undefined;
    for (const entry of this.#queues) if (entry[1].length > (most?.[1].length ?? than)) most = entry;
    if (!most) return undefined;
    const [device, queue] = most;
    const item = queue.pop();
    if (queue.length === 0) this.#queues.delete(device);
    this.#size--;
    return item;
  }
}
