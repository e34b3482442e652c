/** A sink is told of inferences as they end. Whatever becomes of it, inference goes on. */
export interface SinkCounts {
  /** Lines that were taken. */
  delivered: number;
  /** Lines that the filter held back. */
  filtered: number;
  /** Lines that were pushed out by later ones, or waited still at the end. */
  dropped: number;
  /** Lines that were refused, or tried as often as may be. */
  failed: number;
}

/** One line that could not be delivered. */
export class Undelivered extends Error {
  /** Trying again would change nothing. */
  readonly isFinal: boolean;
  /** When whoever refused it wants to be asked again. */
  readonly afterMs: number | undefined;

  constructor(message: string, { isFinal = false, afterMs }: { isFinal?: boolean; afterMs?: number | undefined } = {}) {
    super(message);
    this.isFinal = isFinal;
    this.afterMs = afterMs;
  }
}

/** How one kind of sink delivers. */
export interface Delivery {
  /**
   * @param id the same for each try
   * @param signal aborts when nobody waits for it any more
   * @throws Undelivered
   */
  deliver(text: string, id: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
