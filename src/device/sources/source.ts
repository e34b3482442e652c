/** What every source here offers beside its pictures. */
import type { ImageSize } from '../../data/index.ts';
import type { Done } from '../results/index.ts';
import type { Source } from '../source.ts';

/** What did not become an inference, and why; for the summary. */
export interface SourceCounts {
  /** Answered in an earlier run. */
  resumed: number;
  /** Frames that came while as many as may waited already, by the drop policy. */
  dropped: number;
  /** Frames sooner than `maxFps` allows. */
  early: number;
  /** Pictures that the change gate held back. */
  unchanged: number;
  /** Frames that were cut short or longer than allowed. */
  broken: number;
  /** Requests that were turned away: full, too large, without the token. */
  refused: number;
  /** How often a camera's program was started again. */
  restarts: number;
}

export const noSourceCounts = (): SourceCounts => ({
  resumed: 0,
  dropped: 0,
  early: 0,
  unchanged: 0,
  broken: 0,
  refused: 0,
  restarts: 0,
});

export interface OpenedSource {
  readonly pictures: Source;
  /** All pictures are there from the beginning. */
  readonly isFinite: boolean;
  readonly counts: Readonly<SourceCounts>;
  /** Lets go of what it holds; who still waits for an answer is told that none comes. */
  close(): Promise<void>;
}

export interface SourceContext {
  readonly size: ImageSize;
  /** Refuse a picture whose channels are not the network's, instead of converting it. */
  readonly strictChannels: boolean;
  /** Pictures under way at once. */
  readonly inFlight: number;
  /** What an earlier run answered. */
  readonly done: Done | undefined;
  readonly log: (line: string) => void;
  /** Ends the source: whoever waits for a picture is told that there is none. */
  readonly stop: AbortSignal;
}
