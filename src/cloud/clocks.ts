/**
 * Whether an activation is too old, though clocks differ. A device's own clock is held against ours by the messages that took least
 * time on the way; one is too old only where both its own clock and that comparison say so.
 */

import { RecentMap } from '../recent.ts';

/** Offsets are the least of one or two such spans, so that a clock that drifts or was asleep is followed. */
const SPAN_MS = 5 * 60_000;
/** Devices may not ask for more. */
const LONGEST_LIFE_MS = 3_600_000;

export interface Stamp {
  readonly deviceId: string;
  readonly bootId: string;
  /** Unix time in milliseconds by the clock of the device. */
  readonly createdMs: number;
  readonly expiresMs: number;
}

interface Known {
  readonly bootId: string;
  sinceMs: number;
  /** Least of (arrival by our clock − creation by theirs): what its clock is behind, and the shortest way here. */
  least: number;
  before: number;
}

export class Clocks {
  readonly #devices: RecentMap<string, Known>;

  /** @param most devices whose clocks are known at once; whoever was not heard of for longest is forgotten */
  constructor(most: number) {
    this.#devices = new RecentMap(most);
  }

  /**
   * Takes the time of a message into account.
   * @param nowMs Unix time by the clock here
   * @param toleranceMs by how much wall clocks may differ before the comparison is asked
   * @returns by how much it is too late; 0 where it is in time
   */
  lateMs(stamp: Stamp, nowMs: number, toleranceMs: number): number {
    const lifeMs = Math.min(Math.max(0, stamp.expiresMs - stamp.createdMs), LONGEST_LIFE_MS);
    const offset = nowMs - stamp.createdMs;
    const least = this.#note(stamp, offset, nowMs);
    const byWall = offset - lifeMs - toleranceMs;
    const byComparison = offset - least - lifeMs;
    return Math.max(0, Math.min(byWall, byComparison));
  }

  /** The comparison was wrong: the device still waits for what was called too late. */
  forget(deviceId: string): void {
    this.#devices.delete(deviceId);
  }

  #note({ deviceId, bootId }: Stamp, offset: number, nowMs: number): number {
    let known = this.#devices.get(deviceId);
    if (known?.bootId !== bootId) known = { bootId, sinceMs: nowMs, least: offset, before: Number.POSITIVE_INFINITY };
    // Our own clock may be set back.
    if (Math.abs(nowMs - known.sinceMs) > SPAN_MS) {
      known.before = known.least;
      known.least = offset;
      known.sinceMs = nowMs;
    }
    known.least = Math.min(known.least, offset);
    this.#devices.set(deviceId, known);
    return Math.min(known.least, known.before);
  }
}
