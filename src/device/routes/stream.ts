/**
 * How fast the stream to the broker is, from the agent's own messages: after one was written the broker is asked whether it has read
 * everything (a ping of two bytes), and the time until it says so is one round trip and what the bytes take. A ping by itself tells the
 * round trip. What waits behind earlier messages is taken off by what those are expected to take.
 */
import type { StreamWatch } from '../stream-watch.ts';
import { Fastest } from './fastest.ts';

export interface StreamSpeed {
  readonly rttMs: number;
  readonly msPerKb: number;
  /** Of the messages that tell; others may take what no short one shows. */
  readonly fromBytes: number;
  readonly atMs: number;
}

interface Measured {
  readonly bytes: number;
  /** When its first byte could go. */
  readonly startMs: number;
  /** Bytes that were sent up to its last. */
  readonly upTo: number;
}

/** Between two that are measured, so that pings stay few. */
const APART_MS = 50;
const RTT_EVERY_MS = 1000;
const BUSY_MS = 1;
/** Older ones say nothing of now. */
const STALE_MS = 10_000;
/** What takes so much longer than expected is not only held up. */
const HELD_UP_MS = 500;
/** More than are under way at once. */
const MOST_WAITS = 256;
/** TCP, IP and MQTT around a message. */
const AROUND_BYTES = 60;

export class Stream implements StreamWatch {
  readonly #now: () => number;
  readonly #pings = new Fastest(3);
  /** From a message to the ping behind it: a round trip at most. */
  readonly #messages = new Fastest();
  /** By size: messages within a factor of four tell the same. */
  readonly #classes = new Map<number, { readonly perKb: Fastest; bytes: number }>();
  #pending: Measured | undefined;
  #measuredMs = Number.NEGATIVE_INFINITY;
  #freeMs = Number.NEGATIVE_INFINITY;
  #sent = 0;
  #waits: { readonly atMs: number; readonly waitMs: number }[] = [];

  /** @param now milliseconds of a clock that is never set */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  sending(payload: number) {
    const nowMs = this.#now();
    const bytes = payload + AROUND_BYTES;
    const startMs = Math.max(nowMs, this.#freeMs);
    this.#sent += bytes;
    this.#waits.push({ atMs: nowMs, waitMs: startMs - nowMs });
    if (this.#waits.length > MOST_WAITS) this.#waits.shift();
    this.#freeMs = startMs + (bytes / 1000) * this.#perKb();
    if (this.#pending || nowMs - this.#measuredMs < APART_MS) return { written() {}, lost() {} };
    const mine: Measured = { bytes, startMs, upTo: this.#sent };
    this.#pending = mine;
    this.#measuredMs = nowMs;
    const lost = () => {
      if (this.#pending === mine) this.#pending = undefined;
    };
    return {
      lost,
      written: (settled: () => Promise<void>) =>
        void settled()
          .then(() => this.#arrived(mine, settled))
          .catch(lost),
    };
  }

  /** A new connection: what was on the old one is gone. @param settled resolves when the broker has read everything */
  async begin(settled: () => Promise<void>): Promise<void> {
    this.#pending = undefined;
    this.#freeMs = Number.NEGATIVE_INFINITY;
    await this.#ping(settled);
  }

  /** What a message waited behind others on the stream, by when it was sent; 0 where that is not known any more. */
  waitedMs(sentMs: number): number {
    return this.#waits.find(({ atMs }) => atMs >= sentMs)?.waitMs ?? 0;
  }

  /** Undefined while nothing fresh is known. */
  speed(): StreamSpeed | undefined {
    const rttMs = this.#rttMs();
    const fresh = this.#fresh();
    const heldUp = this.#heldUp();
    if (rttMs === undefined || (!fresh && !heldUp)) return undefined;
    return { rttMs, ...(heldUp ?? fresh!) };
  }

  async #arrived({ bytes, startMs, upTo }: Measured, settled: () => Promise<void>): Promise<void> {
    const nowMs = this.#now();
    this.#pending = undefined;
    this.#messages.add(nowMs - startMs, nowMs);
    const rttMs = this.#rttMs()!;
    const tookMs = Math.max(1e-3, nowMs - startMs - rttMs);
    const size = Math.floor(Math.log2(bytes) / 2);
    const known = this.#classes.get(size) ?? { perKb: new Fastest(), bytes };
    known.perKb.add((1000 * tookMs) / bytes, nowMs);
    known.bytes = bytes;
    this.#classes.set(size, known);
    // What was sent since is all that can still be on its way.
    this.#freeMs = nowMs - rttMs + ((this.#sent - upTo) / 1000) * this.#perKb();
    if (nowMs - this.#pings.lastMs > RTT_EVERY_MS) await this.#ping(settled);
  }

  /** Behind messages that are still on their way it would tell of those. */
  async #ping(settled: () => Promise<void>): Promise<void> {
    const before = this.#now();
    if (this.#freeMs - before > BUSY_MS) return;
    await settled();
    this.#pings.add(this.#now() - before, this.#now());
  }

  /** Undefined before anything was measured. Where no ping was quicker than a message, half of that is taken for the way. */
  #rttMs(): number | undefined {
    const [ping, message] = [this.#pings.value, this.#messages.value];
    return message !== undefined && (ping ?? message) >= message ? message / 2 : ping;
  }

  /** Of the largest messages that were measured lately. */
  #fresh(): Omit<StreamSpeed, 'rttMs'> | undefined {
    const nowMs = this.#now();
    const fresh = [...this.#classes.values()].filter(({ perKb }) => nowMs - perKb.lastMs < STALE_MS);
    const largest = fresh.sort((a, b) => b.bytes - a.bytes)[0];
    return largest && { msPerKb: largest.perKb.value!, fromBytes: largest.bytes, atMs: largest.perKb.lastMs };
  }

  /** What has not arrived yet and should have long ago. */
  #heldUp(): Omit<StreamSpeed, 'rttMs'> | undefined {
    if (!this.#pending) return undefined;
    const { bytes, startMs } = this.#pending;
    const nowMs = this.#now();
    const tookMs = nowMs - startMs - (this.#rttMs() ?? 0);
    if (tookMs < HELD_UP_MS + (2 * bytes * this.#perKb()) / 1000) return undefined;
    return { msPerKb: (1000 * tookMs) / bytes, fromBytes: bytes, atMs: nowMs };
  }

  #perKb(): number {
    return this.#fresh()?.msPerKb ?? 0;
  }
}
