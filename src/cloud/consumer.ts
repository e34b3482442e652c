/**
 * The consumer: the untrusted side. Admits activations to a bounded queue, runs the tail and answers. What it takes in is
 * from strangers: whatever does not decode is dropped and counted, whatever decodes gets an answer.
 */
import {
  type Body,
  createCodec,
  decodeMessage,
  decodeTensors,
  deviceOf,
  type Envelope,
  type ExpectedTensor,
  encodeEnvelope,
  encodeShort,
  type FailureCode,
  misfit,
  Permits,
  Refusals,
} from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { Recent } from '../recent.ts';
import type { Answers } from './answers.ts';
import { Clocks } from './clocks.ts';
import { Replays } from './replays.ts';
import type { Sealing } from './sealing.ts';
import { Sessions } from './sessions.ts';
import type { Tail } from './tail.ts';

export interface ConsumerOptions {
  readonly fleet: string;
  readonly planId: string;
  /** What an activation holds; everything else is refused. */
  readonly expected: readonly ExpectedTensor[];
  /** What an answer holds. */
  readonly answered: readonly ExpectedTensor[];
  readonly tail: Tail;
  readonly answers: Answers;
  readonly concurrency: number;
  readonly queue: number;
  readonly queueBytes: number;
  readonly clockToleranceMs: number;
  /** With it only sealed messages count, and answers are sealed. */
  readonly sealing?: Sealing | undefined;
  /** Sends an answer to a device. */
  readonly reply: (device: string, correlationId: string, payload: Uint8Array) => Promise<void>;
  readonly log: (line: string) => void;
  /** Unix time, ms. */
  readonly now: () => number;
}

export interface ConsumerCounts {
  readonly answered: number;
  readonly duplicates: number;
  /** By failure code. */
  readonly failures: Readonly<Partial<Record<FailureCode, number>>>;
  /** Messages that were no activation of their device. */
  readonly dropped: number;
  /** The same by kind. */
  readonly refused: Readonly<Record<RefusalKind, number>>;
  /** Refusals, and answers to duplicates, that were not sent since too many waited for the broker. */
  readonly unsent: number;
}

/** No envelope; no activation of the device that the topic names; not sealed by it; seen before. */
const refusalKinds = ['malformed', 'foreign', 'forged', 'replayed'] as const;
type RefusalKind = (typeof refusalKinds)[number];

/** Refusals, and answers to duplicates, that may wait for the broker: beyond it they are left out, and asked for again. */
const MAX_REPLIES = 256;

/** Answers are logits: small, and worth their precision. */
const answerCodec = createCodec('float32');

const MOST_LATE = 1024;

export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #permits: Permits;
  readonly #clocks = new Clocks();
  /** Of the last ones that were called too late: a device that asks again knows better. */
  readonly #late = new Recent<string>(MOST_LATE);
  readonly #sessions = new Sessions();
  readonly #replays = new Replays();
  /** Keys of what was admitted and is not answered yet. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #counts = { answered: 0, duplicates: 0, unsent: 0, failures: {} as Partial<Record<FailureCode, number>> };
  readonly #refusals: Refusals<RefusalKind>;
  #queuedBytes = 0;
  #replies = 0;
  #leaving = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#permits = new Permits(options.concurrency);
    this.#refusals = new Refusals(refusalKinds, (total, problem) =>
      options.log(`dropped ${total} message(s); the last ${problem}`),
    );
  }

  get counts(): ConsumerCounts {
    const { total: dropped, counts: refused } = this.#refusals;
    return { ...this.#counts, dropped, refused, failures: { ...this.#counts.failures } };
  }

  /** What was admitted and is not answered yet. */
  get queued(): { readonly activations: number; readonly bytes: number } {
    return { activations: this.#underWay.size, bytes: this.#queuedBytes };
  }

  /** Takes a message from the wire: admits, refuses or drops it at once, so that it can be acknowledged. Never throws. */
  receive(topic: string, payload: Buffer): void {
    const arrivedMs = performance.now();
    const where = () => `on ${JSON.stringify(topic.slice(0, 200))}`;
    const device = deviceOf(topic, this.#options.fleet, 'act');
    try {
      const opened = device === undefined ? undefined : this.#opened(payload, device, where);
      if (opened === 'refused') return;
      const envelope = device === undefined ? undefined : this.#read(opened!, device);
      if (envelope === 'answered') return;
      if (!envelope) this.#refusals.add('foreign', `${where()} is no activation of the device it came from`);
      else this.#admit(envelope, payload.length, arrivedMs);
    } catch (error) {
      if (!(error instanceof CutlineError)) throw error;
      this.#refusals.add('malformed', `${where()}: ${error.message}`);
    }
  }

  #opened(payload: Buffer, device: string, where: () => string): Buffer | 'refused' {
    const { sealing } = this.#options;
    if (!sealing) return payload;
    try {
      return sealing.open(device, payload);
    } catch (error) {
      if (!(error instanceof CutlineError)) throw error;
      this.#refusals.add('forged', `${where()}: ${error.message}`);
      return 'refused';
    }
  }

  /** Undefined for what is no activation of the device. @throws CutlineError ENVELOPE_INVALID, TENSOR_INVALID */
  #read(payload: Buffer, device: string): Activation | 'answered' | undefined {
    const message = decodeMessage(payload);
    if (!('bodyWith' in message)) {
      const { body, deviceId } = message;
      return deviceId === device && body.kind === 'activation' ? { ...message, body } : undefined;
    }
    if (message.kind !== 'activation') return undefined;
    const header = this.#sessions.headerOf(device, message);
    if (!header) {
      const problem = 'this consumer does not know the session; send it in full';
      this.#refuse({ deviceId: device, ...message, session: { id: message.sessionId } }, 'UNKNOWN_SESSION', problem);
      return 'answered';
    }
    const body = message.bodyWith(this.#options.expected);
    return body.kind === 'activation' ? { ...header, body } : undefined;
  }

  /** Refuses what is new from now on, and resolves when everything admitted is answered. */
  async drain(): Promise<void> {
    this.#leaving = true;
    await Promise.all(this.#underWay.values());
  }

  #admit(envelope: Activation, bytes: number, arrivedMs: number): void {
    const { answers, planId, expected, queue, queueBytes, clockToleranceMs, now } = this.#options;
    const key = `${envelope.deviceId}/${envelope.correlationId}`;
    const known = answers.get(key);
    if (known || this.#underWay.has(key)) {
      this.#counts.duplicates++;
      if (known) this.#replyUnlessMany(envelope, known);
      return;
    }
    if (this.#late.delete(key)) this.#clocks.forget(envelope.deviceId);
    const lateMs = this.#clocks.lateMs(envelope, now(), clockToleranceMs);
    const problem = misfit(envelope.body.tensors, expected);
    if (envelope.planId !== planId) {
      this.#refuse(envelope, 'PLAN_MISMATCH', `this consumer serves plan ${planId}`);
    } else if (problem !== undefined) {
      // Before anything is kept or unpacked: a few bytes may announce many.
      this.#refuse(envelope, 'BAD_TENSORS', problem);
    } else if (lateMs > 0) {
      this.#late.add(key);
      this.#refuse(envelope, 'EXPIRED', `it came ${Math.round(lateMs)} ms too late`);
    } else if (this.#leaving) {
      this.#refuse(envelope, 'LEAVING', 'this consumer is stopping');
    } else if (this.#underWay.size >= queue || this.#queuedBytes + bytes > queueBytes) {
      this.#refuse(envelope, 'OVERLOADED', `${this.#underWay.size} activations are waiting`);
    } else if (this.#options.sealing && !this.#replays.isNew(envelope.deviceId, envelope.bootId, envelope.sequence)) {
      // What its device asks for again was refused before, or has its answer in the cache.
      this.#refusals.add('replayed', `from ${envelope.deviceId}, sequence ${envelope.sequence}`);
    } else {
      this.#sessions.offered(envelope);
      this.#queuedBytes += bytes;
      const kept = detached(envelope);
      const work = this.#permits
        .use(() => this.#work(kept, key, arrivedMs))
        .finally(() => {
          this.#queuedBytes -= bytes;
          this.#underWay.delete(key);
        });
      this.#underWay.set(key, work);
    }
  }

  /** One activation, from the queue to its answer. Never rejects. */
  async #work(envelope: Activation, key: string, arrivedMs: number): Promise<void> {
    try {
      const startMs = performance.now();
      const payload = await this.#infer(envelope, arrivedMs, startMs);
      if (!payload) return;
      this.#options.answers.set(key, payload);
      await this.#reply(envelope, payload);
      this.#counts.answered++;
    } catch (error) {
      this.#options.log(`an activation of ${envelope.deviceId} failed: ${(error as Error).message}`);
      this.#refuse(envelope, 'INTERNAL', error instanceof CutlineError ? error.code : 'failed');
    }
  }

  /** The encoded answer; undefined when the activation was refused. */
  async #infer(envelope: Activation, arrivedMs: number, startMs: number): Promise<Uint8Array | undefined> {
    const { tail } = this.#options;
    const activation = await decodeTensors(envelope.body.tensors).catch((error: unknown) => error as Error);
    if (activation instanceof Error) {
      this.#refuse(envelope, 'BAD_TENSORS', activation.message);
      return undefined;
    }
    const runMs = performance.now();
    const outputs = await tail.run(activation);
    const tailMs = performance.now() - runMs;
    const tensors = await Promise.all(Object.entries(outputs).map(([name, t]) => answerCodec.encode(name, t)));
    const times = { queueMs: startMs - arrivedMs, decodeMs: runMs - startMs, tailMs };
    return this.#written(envelope, { kind: 'result', tensors, ...times });
  }

  /** Short to whoever has named a session or offered one. */
  #written(asked: Asked | Envelope, body: Body): Uint8Array {
    if (asked.session) {
      const short = { sessionId: asked.session.id, correlationId: asked.correlationId, sequence: 0, atMs: 0 };
      return encodeShort(short, body, this.#options.answered);
    }
    if (!('planId' in asked)) throw new TypeError('a short message without its session');
    return encodeEnvelope({ ...asked, body });
  }

  #refuse(envelope: Asked | Envelope, code: FailureCode, message: string): void {
    this.#counts.failures[code] = (this.#counts.failures[code] ?? 0) + 1;
    const body = { kind: 'failure' as const, code, message: message.slice(0, 500) };
    this.#replyUnlessMany(envelope, this.#written(envelope, body));
  }

  /** To whom a flood of refusals would be owed, it is not. Answers to new work are as many as there are permits. */
  #replyUnlessMany(envelope: Asked | Envelope, payload: Uint8Array): void {
    if (this.#replies >= MAX_REPLIES) {
      this.#counts.unsent++;
      return;
    }
    this.#replies++;
    void this.#reply(envelope, payload).finally(() => this.#replies--);
  }

  async #reply(envelope: Asked | Envelope, payload: Uint8Array): Promise<void> {
    const { reply, sealing, log } = this.#options;
    const { deviceId, correlationId } = envelope;
    try {
      await reply(deviceId, correlationId, sealing ? sealing.seal(deviceId, payload) : payload);
    } catch (error) {
      // Without a connection the device asks again, and the answer is in the cache.
      if (!(error instanceof CutlineError) || error.code === 'BROKER_LOST') return;
      log(`an answer to ${envelope.deviceId} was not sent: ${error.message}`);
      if (error.code === 'MESSAGE_TOO_LARGE') this.#refuse(envelope, 'ANSWER_TOO_LARGE', error.message);
    }
  }
}

/** Of a short message, what an answer needs. */
interface Asked extends Pick<Envelope, 'deviceId' | 'correlationId'> {
  readonly session: { readonly id: string };
}

type Activation = Envelope & { readonly body: { readonly kind: 'activation' } };

/** With data of its own: what waits would keep alive all that arrived with it. */
function detached(envelope: Activation): Activation {
  const tensors = envelope.body.tensors.map((t) => ({ ...t, data: new Uint8Array(t.data) }));
  return { ...envelope, body: { ...envelope.body, tensors } };
}
