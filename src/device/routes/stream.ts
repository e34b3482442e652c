/**
 * How fast the stream to the broker is, from the agent's own messages: after one was written the broker is asked whether it has read
 * everything (a ping of two bytes). The time until it says so is one round trip and what all bytes take that were on the stream then: the
 * message and those before it of which the broker had said nothing yet. A ping by itself tells the round trip.
 */
import type { StreamWatch } from '../stream-watch.ts';
import { Fastest } from './fastest.ts';

export interface StreamSpeed {
  readonly rttMs: number;
  readonly msPerKb: number;
  /** Bytes that were on the stream when this was measured; more may take what so few do not show. */
  readonly fromBytes: number;
  readonly atMs: number;
}

interface Sent {
  readonly atMs: number;
  /** On the stream with it. */
  readonly bytes: number;
  /** Of all that were sent, up to its last. */
  readonly upTo: number;
}

/** So that pings stay few where messages are many. */
const [MOST_PENDING, APART_MS] = [16, 20];
const RTT_EVERY_MS = 1000;
/** Older ones say little of now, and then nothing. */
const [JUST_NOW_MS, STALE_MS] = [2500, 10_000];
/** What takes so much longer than expected is not only held up; what took so long in all is known for sure. */
const HELD_UP_MS = 500;
/** More than are under way at once. */
const MOST_KEPT = 256;
/** TCP, IP and MQTT around a message. */
const AROUND_BYTES = 60;

export class Stream implements StreamWatch {
  readonly #now: () => number;
  readonly #pings = new Fastest(5000);
  /** From a message to the ping behind it: a round trip at most. */
  readonly #messages = new Fastest();
  /** By size: within a factor of four they tell the same. */
  readonly #classes = new Map<number, { readonly perKb: Fastest; bytes: number }>();
  /** Asked about, in order. */
  #pending: Sent[] = [];
  readonly #last: Sent[] = [];
  #sent = 0;
  #arrived = 0;

  /** @param now milliseconds of a clock that is never set */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  sending(payload: number) {
    const upTo = this.#sent + payload + AROUND_BYTES;
    const mine: Sent = { atMs: this.#now(), bytes: upTo - this.#arrived, upTo };
    this.#sent = upTo;
    this.#last.push(mine);
    if (this.#last.length > MOST_KEPT) this.#last.shift();
    const before = this.#pending.at(-1);
    const isMany = this.#pending.length >= MOST_PENDING || (before && mine.atMs - before.atMs < APART_MS);
    if (isMany) return { written() {}, lost() {} };
    this.#pending.push(mine);
    const lost = () => {
      this.#pending = this.#pending.filter((other) => other !== mine);
    };
    const written = (settled: () => Promise<void>) =>
      void settled()
        .then(() => this.#hasArrived(mine, settled))
        .catch(lost);
    return { written, lost };
  }

  /** A new connection: what was on the old one is gone. @param settled resolves when the broker has read everything */
  async begin(settled: () => Promise<void>): Promise<void> {
    this.#pending = [];
    this.#arrived = this.#sent;
    await this.#ping(settled);
  }

  /** What a message waited behind others on the stream, by when it was sent; 0 where that is not known any more. */
  waitedMs(sentMs: number, own: number): number {
    const bytes = this.#last.find(({ atMs }) => atMs >= sentMs)?.bytes ?? 0;
    return (Math.max(0, bytes - own - AROUND_BYTES) * (this.#fresh()?.msPerKb ?? 0)) / 1000;
  }

  /** Undefined while nothing fresh is known. */
  speed(): StreamSpeed | undefined {
    const rttMs = this.#rttMs();
    const found = this.#heldUp() ?? this.#fresh();
    return rttMs === undefined || !found ? undefined : { rttMs, ...found };
  }

  async #hasArrived({ bytes, atMs, upTo }: Sent, settled: () => Promise<void>): Promise<void> {
    const nowMs = this.#now();
    this.#arrived = Math.max(this.#arrived, upTo);
    this.#pending = this.#pending.filter((other) => other.upTo > upTo);
    this.#messages.add(nowMs - atMs, nowMs);
    const tookMs = Math.max(1e-3, nowMs - atMs - this.#rttMs()!);
    const size = Math.floor(Math.log2(bytes) / 2);
    const known = this.#classes.get(size) ?? { perKb: new Fastest(), bytes };
    if (tookMs > HELD_UP_MS) known.perKb.forget();
    known.perKb.add((1000 * tookMs) / bytes, nowMs);
    known.bytes = bytes;
    this.#classes.set(size, known);
    if (this.#pending.length === 0) await this.#catchUp(settled);
    if (nowMs - this.#pings.lastMs > RTT_EVERY_MS) await this.#ping(settled);
  }

  /** What was sent in between without being asked about is not on the stream for ever. */
  async #catchUp(settled: () => Promise<void>): Promise<void> {
    const upTo = this.#sent;
    if (upTo === this.#arrived) return;
    await settled();
    this.#arrived = Math.max(this.#arrived, upTo);
  }

  /** Behind messages that are still on their way it would tell of those. */
  async #ping(settled: () => Promise<void>): Promise<void> {
    if (this.#sent !== this.#arrived) return;
    const before = this.#now();
    await settled();
    this.#pings.add(this.#now() - before, this.#now());
  }

  /** Undefined before anything was measured. Where no ping was quicker than a message, half of that is taken for the way. */
  #rttMs(): number | undefined {
    const [ping, message] = [this.#pings.value, this.#messages.value];
    return message !== undefined && (ping ?? message) >= message ? message / 2 : ping;
  }

  /** Of the most bytes that were measured just now; where there were none, of the last. */
  #fresh(): Omit<StreamSpeed, 'rttMs'> | undefined {
    const nowMs = this.#now();
    const known = [...this.#classes.values()].sort((a, b) => b.bytes - a.bytes);
    const last = Math.max(...known.map(({ perKb }) => perKb.lastMs));
    const within = (ms: number) => known.find(({ perKb }) => nowMs - perKb.lastMs < ms);
    const found =
      within(JUST_NOW_MS) ?? (nowMs - last < STALE_MS ? known.find((k) => k.perKb.lastMs === last) : undefined);
    return found && { msPerKb: found.perKb.value!, fromBytes: found.bytes, atMs: found.perKb.lastMs };
  }

  /** What has not arrived yet and should have long ago. */
  #heldUp(): Omit<StreamSpeed, 'rttMs'> | undefined {
    const [first] = this.#pending;
    if (!first) return undefined;
    const nowMs = this.#now();
    const tookMs = nowMs - first.atMs - (this.#rttMs() ?? 0);
    if (tookMs < HELD_UP_MS + (2 * first.bytes * (this.#fresh()?.msPerKb ?? 0)) / 1000) return undefined;
    return { msPerKb: (1000 * tookMs) / first.bytes, fromBytes: first.bytes, atMs: nowMs };
  }
}
