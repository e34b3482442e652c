/**
 * JPEGs out of a stream of bytes, each as it ends; whatever lies between them is passed over. Markers are walked through
 * (ITU-T T.81, B.1.1), since a thumbnail inside one has a beginning and an end of its own.
 */
const [FILL, SOI, EOI, SOS, TEM] = [0xff, 0xd8, 0xd9, 0xda, 0x01];

const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;

export interface SplitOptions {
  /** Longer ones are broken. */
  readonly maxFrameBytes: number;
  /** Called for each that is cut short, malformed or too long. */
  readonly onBroken: () => void;
}

/** At most one unfinished frame and one chunk are held. */
export async function* mjpegFrames(stream: AsyncIterable<Buffer>, options: SplitOptions): AsyncGenerator<Buffer> {
  const splitter = new JpegSplitter(options);
  for await (const chunk of stream) yield* splitter.push(chunk);
  splitter.end();
}

class JpegSplitter {
  readonly #options: SplitOptions;
  /** Holds `#held` and has room behind it, so that a long frame is not copied with every chunk. */
  #store: Buffer = Buffer.alloc(0);
  #held: Buffer = this.#store;
  /** Where the next thing to look at lies in `#held`; the frame begins at 0 once it has. */
  #at = 0;
  #state: 'between' | 'marker' | 'scan' = 'between';

  constructor(options: SplitOptions) {
    this.#options = options;
  }

  *push(chunk: Buffer): Generator<Buffer> {
    this.#append(chunk);
    for (let frame = this.#next(); frame; frame = this.#next()) yield frame;
    if (this.#state !== 'between' && this.#held.length > this.#options.maxFrameBytes) this.#giveUp(this.#held.length);
  }

  end(): void {
    if (this.#state !== 'between') this.#options.onBroken();
  }

  /** The frame that ends in what is held; undefined when more is needed. */
  #next(): Buffer | undefined {
    for (;;) {
      const step = this.#state === 'between' ? this.#begin() : this.#state === 'marker' ? this.#marker() : this.#scan();
      if (step !== 'on') return step === 'more' ? undefined : step;
    }
  }

  #begin(): 'on' | 'more' {
    const start = this.#held.indexOf(SOI_BYTES);
    if (start < 0) {
      // The last bytes may be part of a beginning.
      const { length } = this.#held;
      const kept = this.#held.at(-1) === FILL ? 1 : this.#held.at(-1) === SOI && this.#held.at(-2) === FILL ? 2 : 0;
      this.#held = this.#held.subarray(length - kept);
      return 'more';
    }
    this.#held = this.#held.subarray(start);
    this.#at = 2;
    this.#state = 'marker';
    return 'on';
  }

  #marker(): 'on' | 'more' | Buffer {
    const held = this.#held;
    let at = this.#at;
    // Any number of fill bytes may come before a marker.
    while (held[at] === FILL && held[at + 1] === FILL) at++;
    if (held.length < at + 2) return 'more';
    const marker = held[at + 1]!;
    if (held[at] !== FILL || marker === SOI || marker === 0) return this.#giveUp(marker === SOI ? at : at + 1);
    if (marker === EOI) return this.#finish(at + 2);
    if (marker === TEM || isRestart(marker)) {
      this.#at = at + 2;
      return 'on';
    }
    if (held.length < at + 4) return 'more';
    const length = held.readUInt16BE(at + 2);
    if (length < 2) return this.#giveUp(at + 2);
    if (at + 2 + length > this.#options.maxFrameBytes) return this.#giveUp(at + 2);
    if (held.length < at + 2 + length) return 'more';
    this.#at = at + 2 + length;
    if (marker === SOS) this.#state = 'scan';
    return 'on';
  }

  /** Entropy-coded bytes: until a marker that is neither a stuffed byte nor a restart. */
  #scan(): 'on' | 'more' {
    const found = this.#held.indexOf(FILL, this.#at);
    if (found < 0 || found + 1 === this.#held.length) {
      this.#at = found < 0 ? this.#held.length : found;
      return 'more';
    }
    const next = this.#held[found + 1]!;
    const isData = next === 0 || isRestart(next);
    this.#at = isData ? found + 2 : next === FILL ? found + 1 : found;
    if (!isData && next !== FILL) this.#state = 'marker';
    return 'on';
  }

  #append(chunk: Buffer): void {
    const length = this.#held.length + chunk.length;
    const start = this.#held.byteOffset - this.#store.byteOffset;
    if (start + length > this.#store.length) {
      // What is held moves to the front, of a larger store where more than half would be full.
      const store = 2 * length > this.#store.length ? Buffer.allocUnsafeSlow(2 * length) : this.#store;
      this.#held.copy(store, 0);
      [this.#store, this.#held] = [store, store.subarray(0, this.#held.length)];
    }
    const begin = this.#held.byteOffset - this.#store.byteOffset;
    chunk.copy(this.#store, begin + this.#held.length);
    this.#held = this.#store.subarray(begin, begin + length);
  }

  #finish(end: number): Buffer | 'on' {
    const frame = this.#held.subarray(0, end);
    this.#held = this.#held.subarray(end);
    this.#state = 'between';
    if (frame.length <= this.#options.maxFrameBytes) return Buffer.from(frame);
    this.#options.onBroken();
    return 'on';
  }

  /** Looks for another beginning from here on. */
  #giveUp(from: number): 'on' {
    this.#options.onBroken();
    this.#held = this.#held.subarray(from);
    this.#state = 'between';
    return 'on';
  }
}

const SOI_BYTES = Buffer.of(FILL, SOI, FILL);
