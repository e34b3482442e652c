/** What inferences tell on their way: heads of the device, answers of cloud and consumer. */
import { median } from '../../numeric/index.ts';
import type { Delivered } from '../message.ts';
import { Fastest } from './fastest.ts';
import type { StreamSpeed } from './stream.ts';
import { coarse, type Telemetry } from './telemetry.ts';
import type { Terms } from './terms.ts';

interface Answered {
  readonly waitingMs: number;
  /** As a multiple of what the plan says; undefined where it says nothing. */
  readonly tailFactor: number | undefined;
}

const LAST = 5;
/** What was not seen for so long fades, halving in as long again, so that what got better is tried again. */
const [FADES_AFTER_MS, HALVES_IN_MS] = [10_000, 20_000];
/** What the first head after a wait, or another thread, may cost on any device. */
const NOISE_MS = 2;
/** Of a clock's and a plan's last digits nothing is made. */
const [LEAST_TIMES, MOST_TIMES] = [0.01, 100];

export class Seen {
  readonly #routes: readonly Terms[];
  readonly #now: () => number;
  readonly #warm = new Map<string, number>();
  /** As multiples of what they take alone, by plan. */
  readonly #heads = new Map<string, Fastest>();
  /** Longer than the link's own figures, which it is what is left of: a link that slows down must not be taken for it. */
  readonly #beyond = new Fastest(5000);
  #answers: Answered[] = [];
  #answeredMs = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a clock that is never set */
  constructor(routes: readonly Terms[], now: () => number) {
    this.#routes = routes;
    this.#now = now;
  }

  /** A head was timed while nothing else ran. */
  timed(planId: string, headMs: number): void {
    this.#warm.set(planId, headMs);
  }

  ran(planId: string, headMs: number): void {
    const aloneMs = this.#aloneMs(planId);
    if (aloneMs === 0) return;
    const known = this.#heads.get(planId) ?? new Fastest();
    known.add(within(headMs / aloneMs), this.#now());
    this.#heads.set(planId, known);
  }

  /** @param bytes of the message that asked; @param waitedMs on the stream behind others */
  answered(
    planId: string,
    {
      bytes,
      waitedMs,
      speed,
    }: { readonly bytes: number; readonly waitedMs: number; readonly speed: StreamSpeed | undefined },
    { outcome, sentMs, arrivedMs, tries }: Delivered,
  ): void {
    const { queueMs, tailMs, decodeMs } = outcome;
    const planned = this.#of(planId)?.tailMs;
    const tailFactor = planned ? within((tailMs + decodeMs) / planned) : undefined;
    this.#answers = [...this.#answers.slice(1 - LAST), { waitingMs: queueMs, tailFactor }];
    this.#answeredMs = this.#now();
    // Of one that was sent twice nobody knows which was answered.
    if (!speed || tries !== 1) return;
    const elsewhereMs = speed.rttMs + (speed.msPerKb * bytes) / 1000 + waitedMs + queueMs + tailMs + decodeMs;
    this.#beyond.add(Math.max(0, arrivedMs - sentMs - elsewhereMs), this.#now());
  }

  telemetry(
    speed: StreamSpeed | undefined,
    machine: Pick<Telemetry, 'isOnline' | 'temperatureC' | 'battery'>,
  ): Telemetry {
    const nowMs = this.#now();
    const cloud = fading(nowMs - this.#answeredMs);
    const factors = this.#answers.flatMap((a) => a.tailFactor ?? []);
    const waiting = this.#answers.map((a) => a.waitingMs);
    const beyondMs = this.#beyond.value === undefined ? undefined : this.#beyond.value * cloud;
    const tailFactor = factors.length > 0 ? median(factors) ** cloud : 1;
    const waitingMs = waiting.length > 0 ? median(waiting) * cloud : 0;
    return {
      ...machine,
      headMs: Object.fromEntries([...this.#warm].map(([id, ms]) => [id, coarse(ms)])),
      slowdown: coarse(this.#slowdown()),
      link: speed ? { rttMs: coarse(speed.rttMs), msPerKb: coarse(speed.msPerKb) } : null,
      beyondMs: beyondMs === undefined ? null : shortly(beyondMs),
      waitingMs: shortly(waitingMs),
      tailFactor: coarse(tailFactor),
    };
  }

  /**
   * Of the device, from the heads that ran lately: a long one tells much, a short one little, since what gets in its way is as long
   * again. What was learnt on another route is kept until it fades, or a device would be taken for fast as soon as it did less.
   */
  #slowdown(): number {
    let [logs, weights] = [0, NOISE_MS];
    for (const [planId, times] of this.#heads) {
      const weight = this.#aloneMs(planId) * fading(this.#now() - times.lastMs);
      logs += weight * Math.log(times.value!);
      weights += weight;
    }
    return Math.exp(logs / weights);
  }

  #aloneMs(planId: string): number {
    return this.#warm.get(planId) ?? this.#of(planId)?.headMs ?? 0;
  }

  #of(planId: string): Terms | undefined {
    return this.#routes.find((r) => r.planId === planId);
  }
}

/** A tenth of a millisecond is nothing. */
const shortly = (ms: number): number => (ms < 0.1 ? 0 : coarse(ms));
const within = (times: number): number => Math.min(MOST_TIMES, Math.max(LEAST_TIMES, times));
const fading = (ageMs: number): number => 2 ** -Math.max(0, (ageMs - FADES_AFTER_MS) / HALVES_IN_MS);
