/** The consumers of a fleet. Each start has a name of its own, so that those that are gone are forgotten. */
import { SOONEST_MS } from './devices.ts';
import { LeftOut } from './left-out.ts';
import type { Marks } from './marks.ts';
import { readConsumerHealth } from './messages.ts';
import type { ConsumerView, RefusalKind } from './view.ts';

interface Consumer extends ConsumerView {
  readonly version: number;
}

/** After so many of its intervals it is taken for gone. */
const INTERVALS = 10;
const LEAST_MS = 60_000;
/** Whoever left is seen to have for so long. */
const LEFT_MS = 30_000;

export class Consumers {
  readonly leftOut = new LeftOut();
  readonly #most: number;
  readonly #marks: Marks;
  readonly #all = new Map<string, Consumer>();

  constructor(most: number, marks: Marks) {
    this.#most = most;
    this.#marks = marks;
  }

  get size(): number {
    return this.#all.size;
  }

  since(version: number): ConsumerView[] {
    const changed = [...this.#all.values()].filter((c) => c.version > version);
    return changed.map(({ version: _, ...consumer }) => consumer);
  }

  /** @returns why it is not believed */
  health(name: string, payload: Buffer, now: number): RefusalKind | undefined {
    const known = this.#all.get(name);
    // Its last word may come at once after the one before.
    const isSoon = known !== undefined && now - known.heardAt < SOONEST_MS;
    const health = isSoon && known.health.leaving ? undefined : readConsumerHealth(payload);
    if (isSoon && !health?.leaving) return 'flood';
    if (!health) return 'malformed';
    if (health.name !== name) return 'foreign';
    this.forget(now);
    if (!known && this.#all.size >= this.#most) this.leftOut.add(name);
    else this.#all.set(name, { name, heardAt: now, health, version: this.#marks.changed() });
    return undefined;
  }

  /** Those that are gone. */
  forget(now: number): void {
    for (const [name, { heardAt, health }] of this.#all) {
      const patienceMs = health.leaving ? LEFT_MS : Math.max(LEAST_MS, 1000 * INTERVALS * health.everyS);
      if (now - heardAt > patienceMs && this.#all.delete(name)) this.#marks.forgotten();
    }
  }
}
