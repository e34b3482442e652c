/** Answers already given, for the duplicates that end-to-end delivery makes. */
import type { Body } from '../broker/index.ts';

/** As it was given; in which form it is written is a matter of whoever asks again: a device that restarted has another session. */
export type Given = Extract<Body, { readonly kind: 'result' }>;

/**
 * Keys hold plan and device as well as the correlation id: one device can neither fetch nor spoil the answers of another.
 */
export interface AnswerCache {
  get(key: string): Given | undefined;
  set(key: string, answer: Given): void;
}

/** Header, times, and what the tensors say of themselves. */
const AROUND_BYTES = 200;

export const bytesOfAnswer = ({ tensors }: Given): number =>
  tensors.reduce((bytes, { data }) => bytes + data.length, AROUND_BYTES);

/** In memory. The oldest leave first. */
export class Answers implements AnswerCache {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #left: (key: string) => void;
  readonly #answers = new Map<string, Given>();
  #bytes = 0;

  /** @param left called with the key of each that gave way */
  constructor(maxEntries: number, maxBytes: number, left: (key: string) => void = () => {}) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.#left = left;
  }

  get(key: string): Given | undefined {
    return this.#answers.get(key);
  }

  set(key: string, answer: Given): void {
    const before = this.#answers.get(key);
    this.#bytes += bytesOfAnswer(answer) - (before ? bytesOfAnswer(before) : 0);
    this.#answers.set(key, answer);
    for (const [oldest, given] of this.#answers) {
      if (this.#answers.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) break;
      this.#answers.delete(oldest);
      this.#bytes -= bytesOfAnswer(given);
      this.#left(oldest);
    }
  }
}
