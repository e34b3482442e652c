/** The parameters of one stage as it reads them: in range, of the right kind, and none that it does not know. */
import type { CutlineError } from '../../errors.ts';
import { type Argument, type StageSpec, specError } from './spec.ts';

export interface Range {
  /** The value is above this. */
  readonly above?: number;
  /** The value is at least this. */
  readonly least?: number;
  /** The value is at most this. */
  readonly most: number;
  readonly whole?: true;
}

export class Args {
  readonly #stage: StageSpec;
  readonly #text: string;
  readonly #usage: string;
  readonly #read = new Set<string>();

  constructor(stage: StageSpec, text: string, usage: string) {
    this.#stage = stage;
    this.#text = text;
    this.#usage = usage;
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  /** @throws CutlineError DEFENSE_SPEC when it is missing, no number, or out of range */
  number(key: string, range: Range): number {
    const found = this.#need(key);
    const { value } = found;
    if (value.kind === 'relative')
      throw this.error(found.at, `an absolute ${key}: a relative one needs pictures to be measured on`);
    if (value.kind !== 'number') throw this.error(found.at, `a number for ${key}`);
    if (!within(value.value, range)) throw this.error(found.at, `${key} ${rangeText(range)}`);
    return value.value;
  }

  /** @throws CutlineError DEFENSE_SPEC when it is missing or none of these */
  choice<T extends string>(key: string, choices: readonly T[], fallback: T): T {
    const found = this.#find(key);
    if (!found) return fallback;
    this.#read.add(key);
    const chosen = choices.find((c) => found.value.kind === 'word' && c === found.value.value);
    if (chosen === undefined) throw this.error(found.at, `${key} as one of ${choices.join(', ')}`);
    return chosen;
  }

  /** To be called when all were read. @throws CutlineError DEFENSE_SPEC for the first that nobody asked for */
  done(): void {
    const unknown = this.#stage.args.find((a) => !this.#read.has(a.key));
    if (unknown) throw this.error(unknown.at, this.#usage);
  }

  /** Says what was expected, at the stage itself where no position is given. */
  error(at: number | undefined, expected: string): CutlineError {
    return specError(this.#text, at ?? this.#stage.at, expected);
  }

  #find(key: string): Argument | undefined {
    return this.#stage.args.find((a) => a.key === key);
  }

  #need(key: string): Argument {
    const found = this.#find(key);
    if (!found) throw this.error(undefined, this.#usage);
    this.#read.add(key);
    return found;
  }
}

function within(value: number, { above, least, most, whole }: Range): boolean {
  return (
    (above === undefined || value > above) &&
    (least === undefined || value >= least) &&
    value <= most &&
    (!whole || Number.isInteger(value))
  );
}

function rangeText({ above, least, most, whole }: Range): string {
  return `${whole ? 'a whole number ' : ''}${above === undefined ? `from ${least}` : `above ${above}`} and at most ${most}`;
}
