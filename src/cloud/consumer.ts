/**
 * The consumer: the untrusted side. Admits activations to a bounded queue, runs the tail and answers. What it takes in is
 * from strangers: whatever does not decode is dropped and counted, whatever decodes gets an answer.
 */
import { activationOf, decodeMessage, type FailureCode, misfit, Refusals } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { Recent } from '../recent.ts';
import type { AnswerCache, Given } from './answers.ts';
import { Clocks } from './clocks.ts';
import type { Activation, Item, Served } from './item.ts';
import { Lane } from './lane.ts';
import { Replays } from './replays.ts';
import { type Asked, Replies } from './replies.ts';
import type { Sealing } from './sealing.ts';
import { Sessions } from './sessions.ts';

export interface ConsumerOptions {
  readonly fleet: string;
  readonly plans: readonly Served[];
  readonly answers: AnswerCache;
  /** Runs of one plan's tail that are prepared or under way at once. */
  readonly concurrency: number;
  /** Of all plans together. */
  readonly queue: number;
  readonly queueBytes: number;
  readonly clockToleranceMs: number;
  /** Whose sessions, clocks and replays are remembered. */
  readonly devices: number;
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
  /** Runs of tails; each was of one or several activations. */
  readonly runs: number;
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

const MOST_LATE = 1024;

export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #clocks: Clocks;
  /** Of the last ones that were called too late: a device that asks again knows better. */
  readonly #late = new Recent<string>(MOST_LATE);
  readonly #sessions: Sessions;
  readonly #replays: Replays;
  /** Keys of what was admitted and is not answered yet. */
  readonly #underWay = new Map<string, Item>();
  readonly #counts = {
    answered: 0,
    duplicates: 0,
    runs: 0,
    failures: {} as Partial<Record<FailureCode, number>>,
  };
  readonly #refusals: Refusals<RefusalKind>;
  readonly #replies: Replies;
  #queuedBytes = 0;
  #leaving = false;
  #drained: (() => void) | undefined;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    const { concurrency, devices, log } = options;
    this.#clocks = new Clocks(devices);
    this.#sessions = new Sessions(devices);
    // One that starts again is known by both boots until the old one's messages have ended.
    this.#replays = new Replays(2 * devices);
    const done = {
      ran: () => this.#counts.runs++,
      answered: (item: Item, answer: Given) => this.#answered(item, answer),
      failed: (item: Item, code: FailureCode, message: string) => this.#refuse(item.envelope, item.plan, code, message),
      finished: (item: Item) => this.#finished(item),
      log,
    };
    this.#lanes = new Map(options.plans.map((plan) => [plan.planId, new Lane(plan, concurrency, done)]));
    this.#replies = new Replies({
      ...options,
      refuse: (asked, plan, code, message) => this.#refuse(asked, plan, code, message),
    });
    this.#refusals = new Refusals(refusalKinds, (total, problem) =>
      options.log(`dropped ${total} message(s); the last ${problem}`),
    );
  }

  get counts(): ConsumerCounts {
    const { total: dropped, counts: refused } = this.#refusals;
    return { ...this.#counts, unsent: this.#replies.unsent, dropped, refused, failures: { ...this.#counts.failures } };
  }

  /** What was admitted and is not answered yet. */
  get queued(): { readonly activations: number; readonly bytes: number } {
    return { activations: this.#underWay.size, bytes: this.#queuedBytes };
  }

  /** Takes a message from the wire: admits, refuses or drops it at once, so that it can be acknowledged. Never throws. */
  receive(topic: string, payload: Buffer): void {
    const arrivedMs = performance.now();
    const where = () => `on ${JSON.stringify(topic.slice(0, 200))}`;
    const from = activationOf(topic, this.#options.fleet);
    const lane = from && this.#lanes.get(from.planId);
    const foreign = () =>
      this.#refusals.add('foreign', `${where()} is no activation of the device and plan it came from`);
    if (!from || !lane) {
      foreign();
      return;
    }
    try {
      const opened = this.#opened(payload, from.device, where);
      if (opened === 'refused') return;
      const envelope = this.#read(opened, from.device, lane.plan);
      if (envelope === 'answered') return;
      if (!envelope) foreign();
      else this.#admit(envelope, lane, payload.length, arrivedMs);
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
  #read(payload: Buffer, device: string, plan: Served): Activation | 'answered' | undefined {
    const message = decodeMessage(payload);
    if (!('bodyWith' in message)) {
      const { body, deviceId } = message;
      return deviceId === device && body.kind === 'activation' ? { ...message, body } : undefined;
    }
    if (message.kind !== 'activation') return undefined;
    const header = this.#sessions.headerOf(device, message);
    if (!header) {
      const problem = 'this consumer does not know the session; send it in full';
      const asked = { deviceId: device, ...message, session: { id: message.sessionId } };
      this.#refuse(asked, plan, 'UNKNOWN_SESSION', problem);
      return 'answered';
    }
    const body = message.bodyWith(plan.expected);
    return body.kind === 'activation' ? { ...header, body } : undefined;
  }

  /** Refuses what is new from now on, and resolves when everything admitted is answered. */
  async drain(): Promise<void> {
    this.#leaving = true;
    for (const lane of this.#lanes.values()) lane.hurry();
    if (this.#underWay.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  #admit(envelope: Activation, lane: Lane, bytes: number, arrivedMs: number): void {
    const { answers, clockToleranceMs, now } = this.#options;
    const { plan } = lane;
    const { deviceId } = envelope;
    const key = `${plan.planId}/${deviceId}/${envelope.correlationId}`;
    const known = this.#underWay.has(key) ? undefined : answers.get(key);
    if (known || this.#underWay.has(key)) {
      this.#counts.duplicates++;
      if (known) this.#replies.sendUnlessMany(envelope, plan, known);
      return;
    }
    if (this.#late.delete(key)) this.#clocks.forget(deviceId);
    const lateMs = this.#clocks.lateMs(envelope, now(), clockToleranceMs);
    const problem = misfit(envelope.body.tensors, plan.expected);
    const refuse = (code: FailureCode, message: string) => this.#refuse(envelope, plan, code, message);
    if (envelope.planId !== plan.planId) {
      refuse('PLAN_MISMATCH', `it was sent to plan ${plan.planId}`);
    } else if (problem !== undefined) {
      // Before anything is kept or unpacked: a few bytes may announce many.
      refuse('BAD_TENSORS', problem);
    } else if (lateMs > 0) {
      this.#late.add(key);
      refuse('EXPIRED', `it came ${Math.round(lateMs)} ms too late`);
    } else if (this.#leaving) {
      refuse('LEAVING', 'this consumer is stopping');
    } else if (!this.#hasRoom(bytes, deviceId)) {
      refuse('OVERLOADED', `${this.#underWay.size} activations are waiting`);
    } else if (this.#options.sealing && !this.#replays.isNew(deviceId, envelope.bootId, envelope.sequence)) {
      // What its device asks for again was refused before, or has its answer in the cache.
      this.#refusals.add('replayed', `from ${deviceId}, sequence ${envelope.sequence}`);
    } else {
      this.#sessions.offered(envelope);
      this.#queuedBytes += bytes;
      const item = { envelope: detached(envelope), plan, key, bytes, arrivedMs };
      this.#underWay.set(key, item);
      lane.push(item);
    }
  }

  /** Where there is none, whoever has most waiting makes it for who has less, by its newest. */
  #hasRoom(bytes: number, device: string): boolean {
    const { queue, queueBytes } = this.#options;
    const isFull = () => this.#underWay.size >= queue || this.#queuedBytes + bytes > queueBytes;
    if (bytes > queueBytes) return false;
    while (isFull()) {
      let own = 0;
      for (const lane of this.#lanes.values()) own += lane.waitingOf(device);
      const given = this.#evict(own + 1);
      if (!given) return false;
    }
    return true;
  }

  #evict(than: number): boolean {
    for (const lane of this.#lanes.values()) {
      const item = lane.evict(than);
      if (!item) continue;
      const { deviceId, bootId, sequence } = item.envelope;
      this.#finished(item);
      this.#replays.forget(deviceId, bootId, sequence);
      this.#refuse(item.envelope, item.plan, 'OVERLOADED', 'others of the fleet have less waiting');
      return true;
    }
    return false;
  }

  async #answered({ envelope, plan, key }: Item, answer: Given): Promise<void> {
    this.#options.answers.set(key, answer);
    await this.#replies.send(envelope, plan, answer);
    this.#counts.answered++;
  }

  #finished({ key, bytes }: Item): void {
    this.#queuedBytes -= bytes;
    this.#underWay.delete(key);
    if (this.#underWay.size === 0) this.#drained?.();
  }

  #refuse(asked: Asked, plan: Served, code: FailureCode, message: string): void {
    this.#counts.failures[code] = (this.#counts.failures[code] ?? 0) + 1;
    this.#replies.sendUnlessMany(asked, plan, { kind: 'failure', code, message: message.slice(0, 500) });
  }
}

/** With data of its own: what waits would keep alive all that arrived with it. */
function detached(envelope: Activation): Activation {
  const tensors = envelope.body.tensors.map((t) => ({ ...t, data: new Uint8Array(t.data) }));
  return { ...envelope, body: { ...envelope.body, tensors } };
}
