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
/** Of a clock's and a plan's last digits nothing is made. */
const [LEAST_TIMES, MOST_TIMES] = [0.01, 100];

export class Seen {
  readonly #routes: readonly Terms[];
  readonly #now: () => number;
  readonly #warm = new Map<string, number>();
  readonly #heads = new Fastest();
  readonly #beyond = new Fastest();
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
    const alone = this.#warm.get(planId) ?? this.#of(planId)?.headMs;
    if (alone) this.#heads.add(within(headMs / alone), this.#now());
  }

  /** @param bytes of the message that asked */
  answered(planId: string, bytes: number, { outcome, sentMs, arrivedMs, tries }: Delivered, speed?: StreamSpeed): void {
    const { queueMs, tailMs, decodeMs } = outcome;
    const planned = this.#of(planId)?.tailMs;
    const tailFactor = planned ? within((tailMs + decodeMs) / planned) : undefined;
    this.#answers = [...this.#answers.slice(1 - LAST), { waitingMs: queueMs, tailFactor }];
    this.#answeredMs = this.#now();
    // Of one that was sent twice nobody knows which was answered.
    if (!speed || tries !== 1) return;
    const linkMs = speed.rttMs + (speed.msPerKb * bytes) / 1000;
    this.#beyond.add(Math.max(0, arrivedMs - sentMs - queueMs - tailMs - decodeMs - linkMs), this.#now());
  }

  telemetry(
    speed: StreamSpeed | undefined,
    machine: Pick<Telemetry, 'isOnline' | 'temperatureC' | 'battery'>,
  ): Telemetry {
    const nowMs = this.#now();
    const cloud = fading(nowMs - this.#answeredMs);
    const factors = this.#answers.flatMap((a) => a.tailFactor ?? []);
    const waiting = this.#answers.map((a) => a.waitingMs);
    const slowdown = (this.#heads.value ?? 1) ** fading(nowMs - this.#heads.lastMs);
    const beyondMs = this.#beyond.value;
    const tailFactor = factors.length > 0 ? median(factors) ** cloud : 1;
    const waitingMs = waiting.length > 0 ? median(waiting) * cloud : 0;
    return {
      ...machine,
      headMs: Object.fromEntries([...this.#warm].map(([id, ms]) => [id, coarse(ms)])),
      slowdown: coarse(slowdown),
      link: speed ? { rttMs: coarse(speed.rttMs), msPerKb: coarse(speed.msPerKb) } : null,
      beyondMs: beyondMs === undefined ? null : coarse(beyondMs),
      // A tenth of a millisecond waits nowhere.
      waitingMs: waitingMs < 0.1 ? 0 : coarse(waitingMs),
      tailFactor: coarse(tailFactor),
    };
  }

  #of(planId: string): Terms | undefined {
    return this.#routes.find((r) => r.planId === planId);
  }
}

const within = (times: number): number => Math.min(MOST_TIMES, Math.max(LEAST_TIMES, times));
const fading = (ageMs: number): number => 2 ** -Math.max(0, (ageMs - FADES_AFTER_MS) / HALVES_IN_MS);
