/** Sessions that devices have offered: what their short messages leave out. Those unused for longest leave first. */
import type { Envelope, Header, SessionOffer, Short } from '../broker/index.ts';
import { RecentMap } from '../recent.ts';

type Known = Pick<Header, 'planId' | 'deviceId' | 'bootId'> & { readonly offer: SessionOffer };

export class Sessions {
  readonly #known: RecentMap<string, Known>;

  /** @param most at once; some 300 bytes each */
  constructor(most: number) {
    this.#known = new RecentMap(most);
  }

  /** Remembers what a full message offers. The first offer of an id counts: its constants do not change. */
  offered({ planId, deviceId, bootId, session: offer }: Envelope): void {
    if (!offer || this.#known.get(keyOf(deviceId, offer.id))) return;
    this.#known.set(keyOf(deviceId, offer.id), { planId, deviceId, bootId, offer });
  }

  /** The header of a short message that came from a device; undefined where its session is not known. */
  headerOf(device: string, { sessionId, correlationId, sequence, atMs }: Short) {
    const known = this.#known.get(keyOf(device, sessionId));
    if (!known) return undefined;
    const { offer, ...constants } = known;
    const createdMs = offer.sinceMs + atMs;
    return { ...constants, correlationId, sequence, createdMs, expiresMs: createdMs + offer.expiryMs, session: offer };
  }
}

const keyOf = (device: string, id: string): string => `${device}/${id}`;
