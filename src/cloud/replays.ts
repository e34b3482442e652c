/**
 * Whether a message was seen before, by device, boot and sequence: a window as in IPsec (RFC 4303, 3.4.3) for each boot. Only
 * sealed messages are worth it: of others anybody can make new ones.
 */

import { RecentMap } from '../recent.ts';

/** Sequences behind the highest that are told apart; what is older counts as seen. */
const WINDOW = 4096;

interface Seen {
  highest: number;
  readonly bits: Uint8Array;
}

export class Replays {
  readonly #boots: RecentMap<string, Seen>;

  /** @param most boots that are known at once; those unheard of for longest leave first */
  constructor(most: number) {
    this.#boots = new RecentMap(most);
  }

  /** True the first time. */
  isNew(deviceId: string, bootId: string, sequence: number): boolean {
    const key = `${deviceId}/${bootId}`;
    const seen = this.#boots.get(key) ?? { highest: -1, bits: new Uint8Array(WINDOW / 8) };
    this.#boots.set(key, seen);
    if (sequence <= seen.highest - WINDOW) return false;
    if (sequence > seen.highest) {
      if (sequence - seen.highest >= WINDOW) seen.bits.fill(0);
      else for (let s = seen.highest + 1; s < sequence; s++) seen.bits[place(s)]! &= ~bit(s);
      seen.highest = sequence;
      seen.bits[place(sequence)]! |= bit(sequence);
      return true;
    }
    if (seen.bits[place(sequence)]! & bit(sequence)) return false;
    seen.bits[place(sequence)]! |= bit(sequence);
    return true;
  }

  /** It was refused for a reason that may pass, and may come again. */
  forget(deviceId: string, bootId: string, sequence: number): void {
    const seen = this.#boots.get(`${deviceId}/${bootId}`);
    if (seen && sequence > seen.highest - WINDOW) seen.bits[place(sequence)]! &= ~bit(sequence);
  }
}

const place = (sequence: number): number => Math.floor((sequence % WINDOW) / 8);
const bit = (sequence: number): number => 1 << (sequence % 8);
