/**
 * What an earlier run has answered, from the lines of its results file. A picture is known by its content; where several have
 * the same, each answer stands for one of them, first of all for the one of its own name.
 */
export interface Answered {
  readonly image: string;
  /** Hex, of the picture's bytes. */
  readonly sha256: string;
}

export class Done {
  /** By content and name. */
  readonly #named = new Map<string, number>();
  /** Names by content, each as often as it was answered. */
  readonly #byContent = new Map<string, string[]>();
  #count = 0;

  add({ image, sha256 }: Answered): void {
    this.#named.set(key(sha256, image), (this.#named.get(key(sha256, image)) ?? 0) + 1);
    const names = this.#byContent.get(sha256);
    if (names) names.push(image);
    else this.#byContent.set(sha256, [image]);
    this.#count++;
  }

  /** Answers that no picture has been found for yet. */
  get count(): number {
    return this.#count;
  }

  /**
   * Whether this picture has been answered; then the answer is used up.
   * @param isElsewhere whether a name is that of a picture still to come, which has a better claim to its own answer
   */
  take({ image, sha256 }: Answered, isElsewhere: (image: string) => boolean = () => false): boolean {
    const names = this.#byContent.get(sha256);
    if (!names) return false;
    const own = (this.#named.get(key(sha256, image)) ?? 0) > 0;
    const at = own ? names.indexOf(image) : names.findIndex((name) => !isElsewhere(name));
    if (at < 0) return false;
    const used = names[at]!;
    names[at] = names.at(-1)!;
    names.pop();
    this.#named.set(key(sha256, used), this.#named.get(key(sha256, used))! - 1);
    this.#count--;
    return true;
  }
}

const key = (sha256: string, image: string): string => `${sha256} ${image}`;
