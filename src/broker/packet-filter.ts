/**
 * Leaves messages out of a stream of MQTT packets that are larger than anything their receiver waits for. A stranger may publish as
 * fast as the broker takes it; what is left out here costs no memory. Only publishes of QoS 0: others are owed an acknowledgement.
 */
export interface Skip {
  /** Publishes of more bytes, header included, are left out. */
  readonly overBytes: number;
  /** Called for each. */
  readonly tell: (bytes: number) => void;
}

/** First byte of a publish, of its QoS and its other flags [MQTT 5, 3.3.1]. */
const [PUBLISH, KIND, QOS] = [0x30, 0xf0, 0x06];

const nothing = Buffer.alloc(0);

export class PacketFilter {
  readonly #maxBytes: number;
  readonly #skip: Skip | undefined;
  /** The fixed header of the current packet, as far as it has come [MQTT 5, 2.1.1]. */
  readonly #header = new Uint8Array(5);
  #headerBytes = 0;
  /** Bytes of the current packet's body still to come. */
  #body = 0;
  #isSkipping = false;

  /** @param maxBytes a larger packet of any kind ends the stream */
  constructor(maxBytes: number, skip?: Skip) {
    this.#maxBytes = maxBytes;
    this.#skip = skip;
  }

  /** A copy of what is to be read of a chunk; undefined where a packet is larger than allowed, or its length is malformed. */
  take(chunk: Uint8Array): Buffer | undefined {
    let kept: Buffer | undefined;
    let length = 0;
    const keep = (bytes: Uint8Array) => {
      // What is kept is never longer than the header before it and the chunk; of what is not, nothing is allocated.
      kept ??= Buffer.allocUnsafe(chunk.length + this.#header.length);
      kept.set(bytes, length);
      length += bytes.length;
    };
    for (let at = 0; at < chunk.length; ) {
      if (this.#body > 0) {
        const part = chunk.subarray(at, at + this.#body);
        if (!this.#isSkipping) keep(part);
        this.#body -= part.length;
        at += part.length;
        continue;
      }
      this.#header[this.#headerBytes++] = chunk[at++]!;
      if (this.#headerBytes < 2) continue;
      if (this.#header[this.#headerBytes - 1]! & 128) {
        if (this.#headerBytes === 5) return undefined;
        continue;
      }
      if (!this.#begin()) return undefined;
      if (!this.#isSkipping) keep(this.#header.subarray(0, this.#headerBytes));
      this.#headerBytes = 0;
    }
    return kept?.subarray(0, length) ?? nothing;
  }

  /** The fixed header is whole. */
  #begin(): boolean {
    this.#body = 0;
    for (let i = 1; i < this.#headerBytes; i++) this.#body += (this.#header[i]! & 127) * 128 ** (i - 1);
    const bytes = this.#headerBytes + this.#body;
    if (bytes > this.#maxBytes) return false;
    const [first] = this.#header;
    const isAtMostOnce = (first! & KIND) === PUBLISH && (first! & QOS) === 0;
    this.#isSkipping = isAtMostOnce && this.#skip !== undefined && bytes > this.#skip.overBytes;
    if (this.#isSkipping) this.#skip!.tell(bytes);
    return true;
  }
}
