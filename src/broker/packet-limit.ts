/**
 * Watches the packets that arrive on a socket and ends it when one is announced that is too large. MQTT parsers collect
 * a whole packet (up to 256 MB) before anybody can look at it; the length stands in its first five bytes.
 */
import type { Socket } from 'node:net';

/** Follows MQTT's fixed headers [MQTT 5, 2.1.4] through a stream of chunks. */
export class PacketWatch {
  readonly #maxBytes: number;
  /** Bytes of the current packet's body still to come. */
  #body = 0;
  /** Bytes of the fixed header read so far; 0 before its first. */
  #header = 0;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False when a packet in this chunk is larger than allowed or its length is malformed. */
  accepts(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body > 0) {
        const skipped = Math.min(this.#body, chunk.length - at);
        this.#body -= skipped;
        at += skipped;
        continue;
      }
      const byte = chunk[at++]!;
      if (this.#header === 0) {
        this.#header = 1;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 127) * 128 ** (this.#header - 1);
      this.#header++;
      if (byte & 128) {
        if (this.#header > 4) return false;
        continue;
      }
      if (this.#header + this.#length > this.#maxBytes) return false;
      this.#body = this.#length;
      this.#header = 0;
    }
    return true;
  }
}

/** Destroys the socket with an error at the first packet that is too large. Call it before anybody reads. */
export function limitPackets(socket: Socket, maxBytes: number): void {
  const watch = new PacketWatch(maxBytes);
  // Both ways a stream is read end in `push`; a wrapping stream would cost a copy and a turn of the loop per packet.
  const push = socket.push.bind(socket);
  socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk instanceof Uint8Array && !watch.accepts(chunk)) {
      socket.destroy(new Error(`a packet of more than ${maxBytes} bytes`));
      return false;
    }
    return push(chunk, encoding);
  };
}
