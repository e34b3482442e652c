/** What an agent says to the broker: its state, its health, activations out, answers in. */
import { randomBytes } from 'node:crypto';
import {
  activationTopic,
  type Connection,
  decodeTensors,
  Link,
  type LinkOptions,
  misfit,
  mostPacketBytes,
  type PublishOptions,
  Refusals,
  type Seal,
  topicOf,
} from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import type { Tensors } from '../model/tensor.ts';
import { type Heard, heardIn, type SentPlan } from './heard.ts';
import type { Delivered, Message } from './message.ts';
import { Outbox } from './outbox.ts';
import { type RefusalKind, refusalKinds } from './refusal-kinds.ts';
import type { Written } from './session.ts';
import { type StateFields, stateMessage } from './state-message.ts';
import type { StreamWatch } from './stream-watch.ts';

export interface UplinkOptions {
  readonly link: Omit<LinkOptions, 'log'>;
  readonly fleet: string;
  readonly device: string;
  /** What the device says that it runs. */
  readonly planId: string;
  readonly bootId: string;
  /** What else the device's state says, as far as it is known at the start. */
  readonly update?: object | undefined;
  /** Of every route that sends. */
  readonly plans: readonly SentPlan[];
  /** With it messages are sealed, and only sealed answers count. */
  readonly seal?: Seal | undefined;
  /** Answers that are unpacked at once; more are refused. At least as many as may be waited for. */
  readonly unpacking: number;
  readonly qos: 0 | 1;
  readonly timeoutMs: number;
  readonly retries?: number | undefined;
  readonly expiryMs: number;
  /** Inferences that may wait for an answer at once. */
  readonly inFlight: number;
  readonly healthMs: number;
  readonly watch?: StreamWatch | undefined;
  /** Nobody answers for this plan, or somebody does again. */
  readonly silent?: ((planId: string, isSilent: boolean) => void) | undefined;
  readonly log: (line: string) => void;
}

export class Uplink {
  readonly #options: UplinkOptions;
  readonly #topics;
  readonly #outbox: Outbox;
  readonly #link: Link;
  readonly #end = new AbortController();
  readonly #startMs = performance.now();
  #lost: { readonly error: unknown } | undefined;
  #run: Promise<void> | undefined;
  #health: NodeJS.Timeout | undefined;
  readonly #refusals: Refusals<RefusalKind>;
  #state: StateFields;
  #connects = 0;
  #also: () => object = () => ({});
  #unpacking = 0;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#state = options;
    const { fleet, device, plans, silent, log } = options;
    this.#topics = {
      act: (planId: string) => activationTopic(fleet, device, planId),
      res: topicOf(fleet, device, 'res'),
      state: topicOf(fleet, device, 'state'),
      health: topicOf(fleet, device, 'health'),
    };
    this.#refusals = new Refusals(refusalKinds, (total, problem) =>
      log(`dropped ${total} message(s) on ${this.#topics.res}; the last: ${problem}`),
    );
    this.#outbox = new Outbox({
      ...options,
      keepaliveMs: 1000 * options.link.connect.keepaliveS,
      most: options.inFlight,
      silent: silent ?? (() => {}),
      send: (id, planId, written) => this.#send(id, planId, written),
      settled: () => this.#connected().settled(),
    });
    const skip = {
      overBytes: Math.max(...plans.map((plan) => mostPacketBytes(plan.expected))),
      tell: (bytes: number) => this.#refusals.add('oversized', `a message of ${bytes} bytes`),
    };
    this.#link = new Link(
      { ...options.link, connect: { ...options.link.connect, skip }, log },
      {
        prepare: (connection) => this.#prepare(connection),
        onUp: () => this.#up(),
        onDown: () => this.#outbox.down(),
        receive: (topic, payload) => this.#receive(topic, payload),
      },
    );
  }

  /** Starts connecting. It goes on in the background; failures come out of `check`, `deliver` and `close`. */
  start(): void {
    this.#run = this.#link.run(this.#end.signal).catch((error: unknown) => {
      this.#lost = { error };
      this.#outbox.fail(error);
    });
    this.#health = setInterval(() => this.#sayHealth(), this.#options.healthMs);
  }

  /** What the health messages say beside the counts of the uplink. */
  tellAlso(also: () => object): void {
    this.#also = also;
  }

  /** Says anew what state the device is in. */
  announce(changed: Pick<StateFields, 'update'>): void {
    this.#state = { ...this.#state, ...changed };
    const words = stateMessage('online', this.#state);
    void this.#link.connection?.publish(this.#topics.state, words, { qos: 1, retain: true }).catch(() => {});
  }

  get isConnected(): boolean {
    return this.#link.connection !== undefined;
  }

  /** Whether it has given up for good. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  get counts() {
    const reconnects = Math.max(0, this.#connects - 1);
    return { ...this.#outbox.counts, reconnects, hostile: this.#refusals.total, refused: this.#refusals.counts };
  }

  /** @throws CutlineError when the broker was given up */
  check(): void {
    if (this.#lost) throw this.#lost.error;
  }

  deliver(message: Message): Promise<Delivered> {
    return this.#outbox.deliver(message);
  }

  /** Ends everything that waits and whatever comes later. */
  abandon(): void {
    this.#outbox.fail(new CutlineError('CANCELLED'));
  }

  /** Says offline and leaves. @throws CutlineError when the broker was given up */
  async close(): Promise<void> {
    clearInterval(this.#health);
    const { connection } = this.#link;
    const words = stateMessage('offline', this.#state);
    await connection?.publish(this.#topics.state, words, { qos: 1, retain: true }).catch(() => {});
    this.#end.abort();
    await this.#run;
    this.check();
  }

  #up(): void {
    const connection = this.#connected();
    // It ends with the connection; then there is another.
    void this.#options.watch?.begin(() => connection.settled()).catch(() => {});
    this.#outbox.up();
  }

  async #prepare(connection: Connection): Promise<void> {
    await connection.subscribe(this.#topics.res, this.#options.qos);
    await connection.publish(this.#topics.state, stateMessage('online', this.#state), { qos: 1, retain: true });
    this.#connects++;
  }

  async #send(correlation: string, planId: string, { payload, isShort }: Written): Promise<void> {
    const { qos, expiryMs, seal } = this.#options;
    const { res } = this.#topics;
    const act = this.#topics.act(planId);
    const sent = seal ? seal.seal(payload, 'act') : payload;
    // For whoever reads along; where bytes are spared, these are.
    const mirrored = isShort ? {} : { correlation, responseTopic: res };
    await this.#watched(act, sent, { qos, expiryS: expiryMs / 1000, ...mirrored });
  }

  async #watched(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void> {
    const connection = this.#connected();
    const watched = this.#options.watch?.sending(payload.length + topic.length);
    try {
      await connection.publish(topic, payload, options);
    } catch (error) {
      watched?.lost();
      throw error;
    }
    watched?.written(() => connection.settled());
  }

  /**
   * Sends bytes that mean nothing to where nobody listens, so that the watch learns how fast the stream is.
   * @throws CutlineError BROKER_LOST
   */
  probe(bytes: number): Promise<void> {
    // What can be compressed might be, on the way.
    return this.#watched(this.#topics.act('probe'), randomBytes(bytes), { qos: 0 });
  }

  /** @throws CutlineError BROKER_LOST */
  #connected(): Connection {
    const { connection } = this.#link;
    if (connection) return connection;
    throw new CutlineError('BROKER_LOST', { url: this.#options.link.connect.url, problem: 'not connected' });
  }

  /** What can be told from a few fields is told before anything is unpacked: whoever can publish can send answers. */
  #receive(topic: string, payload: Buffer): void {
    if (topic !== this.#topics.res) return;
    const arrivedMs = performance.now();
    const { seal } = this.#options;
    let opened: Buffer;
    let answer: Heard | undefined;
    try {
      opened = seal ? seal.open(payload, 'res').payload : payload;
    } catch (error) {
      this.#refusals.add('forged', (error as Error).message);
      return;
    }
    try {
      answer = heardIn(opened, this.#options);
    } catch (error) {
      this.#refusals.add('malformed', (error as Error).message);
      return;
    }
    if (!answer) {
      this.#refusals.add('foreign', 'an answer that is not for this device and plan');
      return;
    }
    const { plan, correlationId, body } = answer;
    const { session } = plan;
    const asksInFull = body.kind === 'failure' && body.code === 'UNKNOWN_SESSION';
    const asked = this.#outbox.planOf(correlationId);
    if (asked !== undefined && asked !== plan.planId) {
      this.#refusals.add('foreign', `an answer by plan ${plan.planId} to what was asked by plan ${asked}`);
    } else if (asked === undefined) {
      // One of several consumers may be slower than the others; it learns from the next message.
      if (this.#outbox.again(correlationId)) {
        if (asksInFull) session.unknown();
      } else this.#refusals.add('unknown', 'an answer to nothing that was asked');
    } else if (body.kind === 'failure') {
      if (asksInFull) session.unknown();
      this.#outbox.answer({ correlationId, arrivedMs, body });
    } else {
      const problem = misfit(body.tensors, plan.expected);
      if (problem !== undefined) this.#refusals.add('unfit', problem);
      else if (this.#unpacking >= this.#options.unpacking) this.#refusals.add('flood', 'too many answers at once');
      else void this.#unpack({ ...answer, body }, arrivedMs);
    }
  }

  /** Never rejects: what does not unpack is refused, and the answer may still come. */
  async #unpack(
    { plan, correlationId, sessionId, body: { tensors, ...times } }: Heard<'result'>,
    arrivedMs: number,
  ): Promise<void> {
    this.#unpacking++;
    let outputs: Tensors;
    try {
      outputs = await decodeTensors(tensors);
    } catch (error) {
      this.#refusals.add('unfit', (error as Error).message);
      return;
    } finally {
      this.#unpacking--;
    }
    plan.session.answered(sessionId);
    this.#outbox.answer({ correlationId, arrivedMs, body: { ...times, outputs } });
  }

  #sayHealth(): void {
    const { device, planId, healthMs } = this.#options;
    const health = {
      format: 'cutline.health/1',
      of: 'agent',
      device,
      planId,
      everyS: healthMs / 1000,
      uptimeS: Math.round((performance.now() - this.#startMs) / 1000),
      residentBytes: process.memoryUsage.rss(),
      ...this.counts,
      ...this.#also(),
    };
    void this.#link.connection?.publish(this.#topics.health, JSON.stringify(health), { qos: 0 }).catch(() => {});
  }
}
