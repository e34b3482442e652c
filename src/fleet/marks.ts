/** How much has changed, so that a listener is told only what it does not know. */
export interface Mark {
  /** Of the last change. */
  readonly version: number;
  /** Grows when somebody is forgotten: then changes alone do not tell it. */
  readonly epoch: number;
}

export class Marks {
  #version = 0;
  #epoch = 0;

  get now(): Mark {
    return { version: this.#version, epoch: this.#epoch };
  }

  /** @returns the version of what has changed */
  changed(): number {
    return ++this.#version;
  }

  forgotten(): void {
    this.#epoch++;
  }
}
