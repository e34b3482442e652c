/**
 * Answers already given, for the duplicates that end-to-end delivery makes. The oldest leave first. Keys hold the device
 * as well as the correlation id: one device can neither fetch nor spoil the answers of another.
 */
export class Answers {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #payloads = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get(key: string): Uint8Array | undefined {
    return this.#payloads.get(key);
  }

  set(key: string, payload: Uint8Array): void {
    this.#bytes += payload.length - (this.#payloads.get(key)?.length ?? 0);
    this.#payloads.set(key, payload);
    for (const [oldest, { length }] of this.#payloads) {
      if (this.#payloads.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) break;
      this.#payloads.delete(oldest);
      this.#bytes -= length;
    }
  }
}
