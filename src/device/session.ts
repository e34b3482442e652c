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

/** 49 days in milliseconds fit into 32 bits. */
const MOST_MS = 2 ** 32 - 1;

export class Session {
  readonly #expiryMs: number;
  readonly #sent: readonly ExpectedTensor[];
  #offer: SessionOffer | undefined;
  #before: SessionOffer | undefined;
  #isKnown = false;

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
    this.#isKnown = sessionId !== undefined && sessionId === this.#offer?.id;
  }

  unknown(): void {
    this.#isKnown = false;
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
