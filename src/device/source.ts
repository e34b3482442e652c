/** A source gives the agent pictures, one after the other, each when it is asked for. It does not know what becomes of them. */
import type { Pixels } from '../data/index.ts';
import type { CutlineError } from '../errors.ts';

/** Where a picture is from. */
interface Origin {
  readonly name: string;
  /** Hex, of the bytes it was decoded from; for what may be asked for again. */
  readonly sha256?: string | undefined;
  /** Its place among all that there are, where that is known; without it pictures are counted as they come. */
  readonly index?: number | undefined;
  /** Whoever brought it waits for this: called once, with the line that is written of it. */
  readonly answered?: ((line: object) => void) | undefined;
}

export interface Picture extends Origin {
  /** The sub-folder it lay in, where that is one. */
  readonly label: string | undefined;
  readonly pixels: Pixels;
}

/** A picture that cannot be read costs itself, not those after it. */
export interface Unread extends Origin {
  readonly error: CutlineError;
}

export type Source = AsyncIterable<Picture | Unread>;
