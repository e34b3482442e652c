/**
 * What an agent writes into its messages. It offers a session in each full one, and writes short ones from the first short result on
 * until a consumer says that it does not know the session.
 */
import { randomBytes } from 'node:crypto';
import {
  type EncodedTensor,
  type ExpectedTensor,
  encodeEnvelope,
  encodeShort,
  type Header,
  SESSION_ID_BYTES,
  type SessionOffer,
} from '../broker/index.ts';

export interface Written {
  readonly payload: Uint8Array;
  readonly isShort: boolean;
}

/** Of short results in a row, after which a consumer that forgets is one that was started anew. */
const LONG_KNOWN = 32;
/** Most messages in full for one that was not understood: what is spared then hardly matters. */
const MOST_PATIENCE = 64;

/** 49 days in milliseconds fit into 32 bits. */
const MOST_MS = 2 ** 32 - 1;

export class Session {
  readonly #expiryMs: number;
  readonly #sent: readonly ExpectedTensor[];
  #offer: SessionOffer | undefined;
  #before: SessionOffer | undefined;
  #isKnown = false;
  /** Results in a row to short messages. */
  #understood = 0;
  /** Results to full messages that are waited for after a short one was not understood, and how many still are. */
  #patience = 0;
  #left = 0;

  /**
   * @param expiryMs from creation to expiry, of every message
   * @param sent what the plan sends
   */
  constructor(expiryMs: number, sent: readonly ExpectedTensor[]) {
    this.#expiryMs = expiryMs;
    this.#sent = sent;
  }

  /** As short as the consumers are known to understand. */
  write(header: Header, tensors: readonly EncodedTensor[]): Written {
    const { id: sessionId, sinceMs } = this.#offerFor(header);
    if (!this.#isKnown) return { payload: this.writeInFull(header, tensors), isShort: false };
    const { correlationId, sequence, createdMs } = header;
    const short = { sessionId, correlationId, sequence, atMs: createdMs - sinceMs };
    return { payload: encodeShort(short, { kind: 'activation', tensors }, this.#sent), isShort: true };
  }

  /** As everybody understands it. */
  writeInFull(header: Header, tensors: readonly EncodedTensor[]): Uint8Array {
    return encodeEnvelope({ ...header, session: this.#offerFor(header), body: { kind: 'activation', tensors } });
  }

  /** Whether an answer of this session is for us: it may be late. */
  owns(sessionId: string): boolean {
    return sessionId === this.#offer?.id || sessionId === this.#before?.id;
  }

  /** A result came: short from a consumer that knows the session, in full from one that knows of none. */
  answered(sessionId: string | undefined): void {
    const isNamed = sessionId !== undefined && sessionId === this.#offer?.id;
    if (this.#isKnown && isNamed && ++this.#understood >= LONG_KNOWN) this.#patience = 0;
    if (!this.#isKnown && isNamed && this.#left > 0) this.#left--;
    else this.#isKnown = isNamed;
  }

  /** Where consumers take turns, or one has more devices than it remembers, short messages would be sent twice for ever. */
  unknown(): void {
    if (!this.#isKnown) return;
    this.#isKnown = false;
    this.#understood = 0;
    this.#left = this.#patience;
    this.#patience = Math.min(MOST_PATIENCE, Math.max(1, 2 * this.#patience));
  }

  /** A clock that was set leaves the session behind. */
  #offerFor({ createdMs }: Header): SessionOffer {
    const atMs = createdMs - (this.#offer?.sinceMs ?? Number.POSITIVE_INFINITY);
    if (this.#offer && atMs >= 0 && atMs <= MOST_MS) return this.#offer;
    this.#before = this.#offer;
    this.#isKnown = false;
    const id = randomBytes(SESSION_ID_BYTES).toString('hex');
    this.#offer = { id, sinceMs: createdMs, expiryMs: this.#expiryMs };
    return this.#offer;
  }
}
