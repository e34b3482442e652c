/**
 * How far long work is, on stderr: a bar on a terminal, else a line every twenty seconds, so that nobody who reads a log has to
 * wonder for more than half a minute whether it is still at work.
 */
import cliProgress from 'cli-progress';
import { rangeText, type Span, spanText, timeLeft } from './duration.ts';

export interface Progress {
  /** What is done before the share is known: opening, measuring. */
  phase(note: string): void;
  /** From here the share counts, and this is how long it is expected to take in all, seconds. */
  begin(expected?: Span): void;
  /** @param done share from 0 to 1 */
  update(done: number, note?: string): void;
  /** A line that stays. */
  log(line: string): void;
  stop(): void;
}

const everyMs = 20_000;

/** @param now milliseconds */
export function progressBar(
  title: string,
  stream: NodeJS.WriteStream = process.stderr,
  now: () => number = () => performance.now(),
): Progress {
  const state = new State(title, now);
  return stream.isTTY ? onTerminal(state, stream) : asLines(state, stream);
}

/** What there is to say. */
class State {
  readonly title: string;
  readonly #now: () => number;
  readonly #opened: number;
  #begun: number | undefined;
  #expected: Span | undefined;
  #note = '';
  done = 0;

  constructor(title: string, now: () => number) {
    this.title = title;
    this.#now = now;
    this.#opened = now();
  }

  phase(note: string): void {
    this.#begun = undefined;
    this.done = 0;
    this.#note = note;
  }

  begin(expected?: Span): void {
    this.#begun = this.#now();
    this.#expected = expected;
    this.done = 0;
    this.#note = '';
  }

  update(done: number, note: string): void {
    this.#begun ??= this.#now();
    this.done = Math.min(1, Math.max(this.done, done));
    this.#note = note;
  }

  /** Time so far or left, and what is being done. */
  get parts(): { readonly time: string; readonly note: string } {
    const seconds = (since: number) => (this.#now() - since) / 1000;
    if (this.#begun === undefined)
      return { time: `${spanText(seconds(this.#opened))} so far`, note: this.#note || 'at work' };
    const left = timeLeft(this.done, seconds(this.#begun), this.#expected);
    return { time: left ? `${rangeText(left)} left` : '', note: this.#note };
  }

  get line(): string {
    const { time, note } = this.parts;
    const share = this.#begun === undefined ? '' : ` ${Math.floor(100 * this.done)} % done;`;
    return `${this.title}:${share} ${[note, time].filter(Boolean).join(', ')}`;
  }

  /** The time first: a narrow terminal cuts off the end. */
  get beside(): string {
    const { time, note } = this.parts;
    return [time, note].filter(Boolean).join(' · ');
  }
}

function asLines(state: State, stream: NodeJS.WriteStream): Progress {
  const write = (line: string) => void stream.write(`${line}\n`);
  const timer = setInterval(() => write(state.line), everyMs);
  timer.unref();
  return {
    phase: (note) => state.phase(note),
    begin: (expected) => state.begin(expected),
    update: (done, note = '') => state.update(done, note),
    log: write,
    stop: () => clearInterval(timer),
  };
}

function onTerminal(state: State, stream: NodeJS.WriteStream): Progress {
  const bar = new cliProgress.SingleBar(
    { format: `${state.title} {bar} {percentage}% · {text}`, barsize: 20, hideCursor: true, stream },
    cliProgress.Presets.shades_classic,
  );
  const show = () => bar.update(Math.round(state.done * 1000), { text: state.beside });
  bar.start(1000, 0, { text: state.beside });
  // The time goes on where the share does not.
  const timer = setInterval(show, 1000);
  timer.unref();
  return {
    phase: (note) => {
      state.phase(note);
      show();
    },
    begin: (expected) => {
      state.begin(expected);
      show();
    },
    update: (done, note = '') => {
      state.update(done, note);
      show();
    },
    log: (line) => void stream.write(`\r\u001b[K${line}\n`),
    stop: () => {
      clearInterval(timer);
      bar.stop();
    },
  };
}
