/**
 * The consumer: the untrusted side. Admits activations to a bounded queue, runs the tail and answers. What it takes in is
 * from strangers: whatever does not decode is dropped and counted, whatever decodes gets an answer.
 */
import {
  createCodec,
  decodeEnvelope,
  decodeTensors,
  deviceOf,
  type Envelope,
  encodeEnvelope,
  type FailureCode,
  Permits,
} from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import type { Answers } from './answers.ts';
import { Clocks } from './clocks.ts';
import type { Tail } from './tail.ts';

export interface ConsumerOptions {
  readonly fleet: string;
  readonly planId: string;
  readonly tail: Tail;
  readonly answers: Answers;
  readonly concurrency: number;
  readonly queue: number;
  readonly queueBytes: number;
  readonly clockToleranceMs: number;
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
}

/** Answers are logits: small, and worth their precision. */
const answerCodec = createCodec('float32');

const MOST_LATE = 1024;

export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #permits: Permits;
  readonly #clocks = new Clocks();
  /** Of the last ones that were called too late: a device that asks again knows better. */
  readonly #late = new Set<string>();
  /** Keys of what was admitted and is not answered yet. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #counts = { answered: 0, duplicates: 0, dropped: 0, failures: {} as Partial<Record<FailureCode, number>> };
  #queuedBytes = 0;
  #leaving = false;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#permits = new Permits(options.concurrency);
  }

  get counts(): ConsumerCounts {
    return { ...this.#counts, failures: { ...this.#counts.failures } };
  }

  /** Takes a message from the wire: admits, refuses or drops it at once, so that it can be acknowledged. Never throws. */
  receive(topic: string, payload: Buffer): void {
    const arrivedMs = performance.now();
    try {
      const device = deviceOf(topic, this.#options.fleet, 'act');
      const envelope = decodeEnvelope(payload);
      if (device === undefined || device !== envelope.deviceId || envelope.body.kind !== 'activation') {
        throw new CutlineError('ENVELOPE_INVALID', { problem: 'not an activation of the device it came from' });
      }
      this.#admit(envelope, payload.length, arrivedMs);
    } catch (error) {
      this.#drop(topic, error);
    }
  }

  /** Refuses what is new from now on, and resolves when everything admitted is answered. */
  async drain(): Promise<void> {
    this.#leaving = true;
    await Promise.all(this.#underWay.values());
  }

  #admit(envelope: Envelope, bytes: number, arrivedMs: number): void {
    const { answers, planId, queue, queueBytes, clockToleranceMs, now } = this.#options;
    const key = `${envelope.deviceId}/${envelope.correlationId}`;
    const known = answers.get(key);
    if (known || this.#underWay.has(key)) {
      this.#counts.duplicates++;
      if (known) void this.#reply(envelope, known);
      return;
    }
    if (this.#late.delete(key)) this.#clocks.forget(envelope.deviceId);
    const lateMs = this.#clocks.lateMs(envelope, now(), clockToleranceMs);
    if (envelope.planId !== planId) {
      this.#refuse(envelope, 'PLAN_MISMATCH', `this consumer serves plan ${planId}`);
    } else if (lateMs > 0) {
      if (this.#late.size >= MOST_LATE) this.#late.clear();
      this.#late.add(key);
      this.#refuse(envelope, 'EXPIRED', `it came ${Math.round(lateMs)} ms too late`);
    } else if (this.#leaving) {
      this.#refuse(envelope, 'LEAVING', 'this consumer is stopping');
    } else if (this.#underWay.size >= queue || this.#queuedBytes + bytes > queueBytes) {
      this.#refuse(envelope, 'OVERLOADED', `${this.#underWay.size} activations are waiting`);
    } else {
      this.#queuedBytes += bytes;
      const work = this.#permits
        .use(() => this.#work(envelope, key, arrivedMs))
        .finally(() => {
          this.#queuedBytes -= bytes;
          this.#underWay.delete(key);
        });
      this.#underWay.set(key, work);
    }
  }

  /** One activation, from the queue to its answer. Never rejects. */
  async #work(envelope: Envelope, key: string, arrivedMs: number): Promise<void> {
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
  async #infer(envelope: Envelope, arrivedMs: number, startMs: number): Promise<Uint8Array | undefined> {
    const { tail } = this.#options;
    if (envelope.body.kind !== 'activation') return undefined;
    // Before anything is unpacked: a few bytes may announce many.
    const refusal = tail.refusal(Object.fromEntries(envelope.body.tensors.map((t) => [t.name, t])));
    if (refusal !== undefined) {
      this.#refuse(envelope, 'BAD_TENSORS', refusal);
      return undefined;
    }
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
    return encodeEnvelope({ ...envelope, body: { kind: 'result', tensors, ...times } });
  }

  #refuse(envelope: Envelope, code: FailureCode, message: string): void {
    this.#counts.failures[code] = (this.#counts.failures[code] ?? 0) + 1;
    const body = { kind: 'failure' as const, code, message: message.slice(0, 500) };
    void this.#reply(envelope, encodeEnvelope({ ...envelope, body }));
  }

  async #reply(envelope: Envelope, payload: Uint8Array): Promise<void> {
    const { reply, log } = this.#options;
    try {
      await reply(envelope.deviceId, envelope.correlationId, payload);
    } catch (error) {
      // Without a connection the device asks again, and the answer is in the cache.
      if (!(error instanceof CutlineError) || error.code === 'BROKER_LOST') return;
      log(`an answer to ${envelope.deviceId} was not sent: ${error.message}`);
      if (error.code === 'MESSAGE_TOO_LARGE') this.#refuse(envelope, 'ANSWER_TOO_LARGE', error.message);
    }
  }

  #drop(topic: string, error: unknown): void {
    const n = ++this.#counts.dropped;
    // The first, then ever more rarely: a flood must not become a flood of lines.
    if ((n & (n - 1)) === 0) {
      const where = JSON.stringify(topic.slice(0, 200));
      this.#options.log(`dropped ${n} message(s); the last on ${where}: ${(error as Error).message}`);
    }
  }
}
