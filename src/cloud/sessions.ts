/** Sessions that devices have offered: what their short messages leave out. Those unused for longest leave first. */
import type { Envelope, Header, SessionOffer, Short } from '../broker/index.ts';

type Known = Pick<Header, 'planId' | 'deviceId' | 'bootId'> & { readonly offer: SessionOffer };

/** Some 300 bytes each. */
const MOST = 10_000;

export class Sessions {
  readonly #known = new Map<string, Known>();

  /** Remembers what a full message offers. The first offer of an id counts: its constants do not change. */
  offered({ planId, deviceId, bootId, session: offer }: Envelope): void {
    if (!offer || this.#find(deviceId, offer.id)) return;
    this.#known.set(keyOf(deviceId, offer.id), { planId, deviceId, bootId, offer });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(oldest);
    }
  }

  /** The header of a short message that came from a device; undefined where its session is not known. */
  headerOf(device: string, { sessionId, correlationId, sequence, atMs }: Short) {
    const known = this.#find(device, sessionId);
    if (!known) return undefined;
    const { offer, ...constants } = known;
    const createdMs = offer.sinceMs + atMs;
    return { ...constants, correlationId, sequence, createdMs, expiresMs: createdMs + offer.expiryMs, session: offer };
  }

  #find(device: string, id: string): Known | undefined {
    const key = keyOf(device, id);
    const known = this.#known.get(key);
    if (!known) return undefined;
    this.#known.delete(key);
    this.#known.set(key, known);
    return known;
  }
}

const keyOf = (device: string, id: string): string => `${device}/${id}`;
