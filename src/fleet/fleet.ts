/** A fleet as it is seen from its broker: who is there, what each last said. Memory is bounded whoever publishes what. */
import { channelOf, consumerOf } from '../broker/index.ts';
import type { AgentHealth } from '../ops/index.ts';
import { LeftOut } from './left-out.ts';
import { type DeviceState, MOST_PACKET_BYTES, readAgentHealth, readConsumerHealth, readState } from './messages.ts';
import { type ConsumerView, type DeviceView, type FleetUpdate, type RefusalKind, refusalKinds } from './view.ts';

export interface FleetOptions {
  readonly fleet: string;
  /** The only ones that are shown, if there is such a list. */
  readonly devices?: ReadonlySet<string> | undefined;
  readonly maxDevices: number;
  readonly maxConsumers: number;
  /** Unix time, ms. */
  readonly now: () => number;
}

interface Device {
  state: DeviceState | undefined;
  stateAt: number | undefined;
  health: AgentHealth | undefined;
  heardAt: number | undefined;
  restarts: number;
  /** Of the last message that was kept. */
  changedAt: number;
  version: number;
}

interface Consumer extends ConsumerView {
  readonly version: number;
}

/** Nobody says more often how it is. */
const SOONEST_MS = 100;
/** Whoever has said nothing for so long gives way to a newcomer that has no room. */
const FORGOTTEN_MS = 10 * 60_000;
/** After so many of its intervals a consumer is taken for gone: each start has a name of its own. */
const CONSUMER_INTERVALS = 10;
/** Whoever left is seen to have for so long. */
const LEFT_MS = 30_000;

export class Fleet {
  readonly #options: FleetOptions;
  readonly #devices = new Map<string, Device>();
  readonly #consumers = new Map<string, Consumer>();
  readonly #left = { devices: new LeftOut(), consumers: new LeftOut() };
  readonly #refused = Object.fromEntries(refusalKinds.map((kind) => [kind, 0])) as Record<RefusalKind, number>;
  #version = 0;
  /** Grows when somebody is forgotten: then changes alone do not tell it. */
  #epoch = 0;
  /** Before it nobody gives way. */
  #fullUntil = 0;
  #brokerLostAt: number | null;
  readonly #watchedSince: number;

  constructor(options: FleetOptions) {
    this.#options = options;
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
    this.#version++;
  }

  /** Takes a message as it comes. Never throws. */
  receive(topic: string, payload: Buffer, isRetained: boolean): void {
    const problem = payload.length > MOST_PACKET_BYTES ? 'oversized' : this.#hear(topic, payload, isRetained);
    if (problem) this.refuse(problem);
  }

  refuse(kind: RefusalKind): void {
    this.#refused[kind]++;
  }

  /** What grows with each change, for `since`. */
  get mark(): { readonly version: number; readonly epoch: number } {
    return { version: this.#version, epoch: this.#epoch };
  }

  get count(): { readonly devices: number; readonly consumers: number } {
    return { devices: this.#devices.size, consumers: this.#consumers.size };
  }

  get refused(): Readonly<Record<RefusalKind, number>> {
    return { ...this.#refused };
  }

  /** What has changed since a mark, or all of it. */
  since(mark?: { readonly version: number; readonly epoch: number }): FleetUpdate {
    const now = this.#options.now();
    this.#forgetConsumers(now);
    const isWhole = mark === undefined || mark.epoch !== this.#epoch;
    const from = isWhole ? -1 : mark.version;
    return {
      format: 'cutline.fleet/1',
      fleet: this.#options.fleet,
      isWhole,
      now,
      watchedSince: this.#watchedSince,
      brokerLostAt: this.#brokerLostAt,
      devices: [...this.#devices].filter(([, d]) => d.version > from).map(([name, d]) => viewOf(name, d)),
      consumers: [...this.#consumers.values()]
        .filter((c) => c.version > from)
        .map(({ version: _, ...consumer }) => consumer),
      leftOut: {
        devices: this.#left.devices.count,
        isMore: this.#left.devices.isMore,
        consumers: this.#left.consumers.count,
      },
      refused: this.refused,
    };
  }

  /** @returns why it is not believed */
  #hear(topic: string, payload: Buffer, isRetained: boolean): RefusalKind | undefined {
    const { fleet } = this.#options;
    const consumer = consumerOf(topic, fleet);
    if (consumer !== undefined) return this.#hearConsumer(consumer, payload);
    const from = channelOf(topic, fleet);
    if (from?.channel === 'state') return this.#hearState(from.device, payload, isRetained);
    // Ours is never retained: it would be of no known time.
    return from?.channel === 'health' && !isRetained ? this.#hearHealth(from.device, payload) : undefined;
  }

  #hearState(name: string, payload: Buffer, isRetained: boolean): RefusalKind | undefined {
    const now = this.#options.now();
    if (payload.length === 0) {
      // That is how a retained message is taken away: the device is gone for good.
      this.#forget(name);
      return undefined;
    }
    const state = readState(payload);
    if (!state) return 'malformed';
    if (state.device !== name) return 'foreign';
    const device = this.#deviceOf(name, now);
    if (!device) return undefined;
    if (device.state && device.state.bootId !== state.bootId) device.restarts++;
    device.state = state;
    device.stateAt = isRetained ? undefined : now;
    // Offline is said by the broker, or is the last word.
    if (!isRetained && state.status === 'online') device.heardAt = now;
    this.#changed(device, now);
    return undefined;
  }

  #hearHealth(name: string, payload: Buffer): RefusalKind | undefined {
    const now = this.#options.now();
    const known = this.#devices.get(name);
    // Before it is parsed: whoever floods costs nothing but this.
    if (known?.health && known.heardAt !== undefined && now - known.heardAt < SOONEST_MS) return 'flood';
    const health = readAgentHealth(payload);
    if (!health) return 'malformed';
    if (health.device !== name) return 'foreign';
    const device = this.#deviceOf(name, now);
    if (!device) return undefined;
    device.health = health;
    device.heardAt = now;
    this.#changed(device, now);
    return undefined;
  }

  #hearConsumer(name: string, payload: Buffer): RefusalKind | undefined {
    const now = this.#options.now();
    const known = this.#consumers.get(name);
    if (known && !known.health.leaving && now - known.heardAt < SOONEST_MS) return 'flood';
    const health = readConsumerHealth(payload);
    if (!health) return 'malformed';
    if (health.name !== name) return 'foreign';
    this.#forgetConsumers(now);
    if (!known && this.#consumers.size >= this.#options.maxConsumers) this.#left.consumers.add(name);
    else this.#consumers.set(name, { name, heardAt: now, health, version: ++this.#version });
    return undefined;
  }

  #changed(device: Device, now: number): void {
    device.changedAt = now;
    device.version = ++this.#version;
  }

  /** Undefined where there is no room for one more. */
  #deviceOf(name: string, now: number): Device | undefined {
    const known = this.#devices.get(name);
    if (known) return known;
    const { devices, maxDevices } = this.#options;
    if ((devices && !devices.has(name)) || (this.#devices.size >= maxDevices && !this.#makeRoom(now))) {
      this.#left.devices.add(name);
      return undefined;
    }
    const device: Device = {
      state: undefined,
      stateAt: undefined,
      health: undefined,
      heardAt: undefined,
      restarts: 0,
      changedAt: now,
      version: 0,
    };
    this.#devices.set(name, device);
    return device;
  }

  #makeRoom(now: number): boolean {
    if (now < this.#fullUntil) return false;
    let [oldest, changedAt] = ['', Number.POSITIVE_INFINITY];
    for (const [name, device] of this.#devices)
      if (device.changedAt < changedAt) [oldest, changedAt] = [name, device.changedAt];
    this.#fullUntil = changedAt + FORGOTTEN_MS;
    if (now < this.#fullUntil) return false;
    this.#forget(oldest);
    return true;
  }

  #forget(name: string): void {
    if (this.#devices.delete(name)) this.#epoch++;
  }

  #forgetConsumers(now: number): void {
    for (const [name, { heardAt, health }] of this.#consumers) {
      const patienceMs = health.leaving ? LEFT_MS : Math.max(60_000, 1000 * CONSUMER_INTERVALS * health.everyS);
      if (now - heardAt > patienceMs && this.#consumers.delete(name)) this.#epoch++;
    }
  }
}

function viewOf(name: string, { state, stateAt, health, heardAt, restarts }: Device): DeviceView {
  return {
    name,
    state: state?.status ?? 'unknown',
    stateAt: stateAt ?? null,
    // Whichever was said last: a device may change its plan without a word on its state.
    planId: ((heardAt ?? 0) > (stateAt ?? 0) ? health?.planId : undefined) ?? state?.planId ?? health?.planId ?? null,
    heardAt: heardAt ?? null,
    restarts,
    health: health ?? null,
  };
}
