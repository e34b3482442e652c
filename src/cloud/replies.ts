/** What goes back to devices, in the form that each understands. */
import { type Body, type Envelope, encodeEnvelope, encodeShort, type FailureCode } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import type { Served } from './item.ts';
import type { Sealing } from './sealing.ts';

/** Who is answered: whoever sent a message in full, or a short one, of which this is what an answer needs. */
export type Asked =
  | Envelope
  | (Pick<Envelope, 'deviceId' | 'correlationId'> & { readonly session: { readonly id: string } });

export interface RepliesOptions {
  /** With it answers are sealed. */
  readonly sealing?: Sealing | undefined;
  readonly reply: (device: string, correlationId: string, payload: Uint8Array) => Promise<void>;
  readonly refuse: (asked: Asked, plan: Served, code: FailureCode, message: string) => void;
  readonly log: (line: string) => void;
}

/** Refusals, and answers to duplicates, that may wait for the broker: beyond it they are left out, and asked for again. */
const MOST_WAITING = 256;

export class Replies {
  readonly #options: RepliesOptions;
  #waiting = 0;
  #unsent = 0;

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  /** Replies that were left out. */
  get unsent(): number {
    return this.#unsent;
  }

  /** To whom a flood of refusals would be owed, it is not. Answers to new work are as many as there are runs. */
  sendUnlessMany(asked: Asked, plan: Served, body: Body): void {
    if (this.#waiting >= MOST_WAITING) {
      this.#unsent++;
      return;
    }
    this.#waiting++;
    void this.send(asked, plan, body).finally(() => this.#waiting--);
  }

  async send(asked: Asked, plan: Served, body: Body): Promise<void> {
    const { reply, sealing, refuse, log } = this.#options;
    const { deviceId, correlationId } = asked;
    try {
      const payload = written(asked, plan, body);
      await reply(deviceId, correlationId, sealing ? sealing.seal(deviceId, payload) : payload);
    } catch (error) {
      // Without a connection the device asks again, and the answer is in the cache.
      if (!(error instanceof CutlineError) || error.code === 'BROKER_LOST') return;
      log(`an answer to ${deviceId} was not sent: ${error.message}`);
      if (error.code === 'MESSAGE_TOO_LARGE') refuse(asked, plan, 'ANSWER_TOO_LARGE', error.message);
    }
  }
}

/** Short to whoever has named a session or offered one. */
function written(asked: Asked, { answered }: Served, body: Body): Uint8Array {
  if (asked.session) {
    const short = { sessionId: asked.session.id, correlationId: asked.correlationId, sequence: 0, atMs: 0 };
    return encodeShort(short, body, answered);
  }
  if (!('planId' in asked)) throw new TypeError('a short message without its session');
  return encodeEnvelope({ ...asked, body });
}
