/** A fleet as it is seen from its broker: who is there, what each last said. Memory is bounded whoever publishes what. */
import { channelOf, consumerOf } from '../broker/index.ts';
import { Consumers } from './consumers.ts';
import { Devices, type DevicesOptions } from './devices.ts';
import { type Mark, Marks } from './marks.ts';
import { MOST_PACKET_BYTES } from './messages.ts';
import { type FleetUpdate, type RefusalKind, refusalKinds } from './view.ts';

export interface FleetOptions extends DevicesOptions {
  readonly fleet: string;
  readonly maxConsumers: number;
  /** Unix time, ms, of a clock that is never set. */
  readonly now: () => number;
}

export class Fleet {
  readonly #options: FleetOptions;
  readonly #marks = new Marks();
  readonly #devices: Devices;
  readonly #consumers: Consumers;
  readonly #refused = Object.fromEntries(refusalKinds.map((kind) => [kind, 0])) as Record<RefusalKind, number>;
  readonly #watchedSince: number;
  #brokerLostAt: number | null;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#devices = new Devices(options, this.#marks);
    this.#consumers = new Consumers(options.maxConsumers, this.#marks);
    this.#watchedSince = options.now();
    this.#brokerLostAt = this.#watchedSince;
  }

  /** Whether anything can be heard. */
  get isConnected(): boolean {
    return this.#brokerLostAt === null;
  }

  /** The connection to the broker came, or went. */
  connected(isConnected: boolean): void {
    if (isConnected === this.isConnected) return;
    this.#brokerLostAt = isConnected ? null : this.#options.now();
    this.#marks.changed();
  }

  /** Takes a message as it comes. Never throws. */
  receive(topic: string, payload: Buffer, isRetained: boolean): void {
    const problem = payload.length > MOST_PACKET_BYTES ? 'oversized' : this.#hear(topic, payload, isRetained);
    if (problem) this.refuse(problem);
  }

  refuse(kind: RefusalKind): void {
    this.#refused[kind]++;
  }

  get mark(): Mark {
    return this.#marks.now;
  }

  get counts() {
    return { devices: this.#devices.size, consumers: this.#consumers.size, refused: { ...this.#refused } };
  }

  /** What has changed since a mark, or all of it. */
  since(mark?: Mark): FleetUpdate {
    const now = this.#options.now();
    this.#consumers.forget(now);
    const isWhole = mark?.epoch !== this.#marks.now.epoch;
    const from = isWhole || !mark ? -1 : mark.version;
    const { leftOut } = this.#devices;
    return {
      format: 'cutline.fleet/1',
      fleet: this.#options.fleet,
      isWhole,
      now,
      watchedSince: this.#watchedSince,
      brokerLostAt: this.#brokerLostAt,
      devices: this.#devices.since(from),
      consumers: this.#consumers.since(from),
      leftOut: { devices: leftOut.count, isMore: leftOut.isMore, consumers: this.#consumers.leftOut.count },
      refused: { ...this.#refused },
    };
  }

  /** @returns why it is not believed */
  #hear(topic: string, payload: Buffer, isRetained: boolean): RefusalKind | undefined {
    const { fleet, now } = this.#options;
    const consumer = consumerOf(topic, fleet);
    if (consumer !== undefined) return isRetained ? undefined : this.#consumers.health(consumer, payload, now());
    const from = channelOf(topic, fleet);
    if (from?.channel === 'state') return this.#devices.state(from.device, payload, isRetained, now());
    // Ours is never retained: it would be of no known time.
    return from?.channel === 'health' && !isRetained ? this.#devices.health(from.device, payload, now()) : undefined;
  }
}
