/** The devices of a fleet, from what is said in their names; so many at most. */
import type { AgentHealth } from '../ops/index.ts';
import { LeftOut } from './left-out.ts';
import type { Marks } from './marks.ts';
import { type DeviceState, readAgentHealth, readState } from './messages.ts';
import type { DeviceView, RefusalKind } from './view.ts';

export interface DevicesOptions {
  /** The only ones that are shown, if there is such a list. */
  readonly devices?: ReadonlySet<string> | undefined;
  readonly maxDevices: number;
}

interface Device {
  state: DeviceState | undefined;
  stateAt: number | undefined;
  health: AgentHealth | undefined;
  heardAt: number | undefined;
  /** Of the last health: a state may come at once before it. */
  healthAt: number | undefined;
  restarts: number;
  /** Of the last message that was kept. */
  changedAt: number;
  version: number;
}

/** Nobody says more often how it is. */
export const SOONEST_MS = 100;
/** Whoever has said nothing for so long gives way to a newcomer that has no room. */
const FORGOTTEN_MS = 10 * 60_000;

export class Devices {
  readonly leftOut = new LeftOut();
  readonly #options: DevicesOptions;
  readonly #marks: Marks;
  readonly #all = new Map<string, Device>();
  /** Before it nobody gives way. */
  #fullUntil = 0;

  constructor(options: DevicesOptions, marks: Marks) {
    this.#options = options;
    this.#marks = marks;
  }

  get size(): number {
    return this.#all.size;
  }

  since(version: number): DeviceView[] {
    return [...this.#all].filter(([, d]) => d.version > version).map(([name, d]) => viewOf(name, d));
  }

  /** @returns why it is not believed */
  state(name: string, payload: Buffer, isRetained: boolean, now: number): RefusalKind | undefined {
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

  /** @returns why it is not believed */
  health(name: string, payload: Buffer, now: number): RefusalKind | undefined {
    const known = this.#all.get(name);
    // Before it is parsed: whoever floods costs nothing but this.
    if (known?.healthAt !== undefined && now - known.healthAt < SOONEST_MS) return 'flood';
    const health = readAgentHealth(payload);
    if (!health) return 'malformed';
    if (health.device !== name) return 'foreign';
    const device = this.#deviceOf(name, now);
    if (!device) return undefined;
    device.health = health;
    device.heardAt = now;
    device.healthAt = now;
    this.#changed(device, now);
    return undefined;
  }

  #changed(device: Device, now: number): void {
    device.changedAt = now;
    device.version = this.#marks.changed();
  }

  /** Undefined where there is no room for one more. */
  #deviceOf(name: string, now: number): Device | undefined {
    const known = this.#all.get(name);
    if (known) return known;
    const { devices, maxDevices } = this.#options;
    if ((devices && !devices.has(name)) || (this.#all.size >= maxDevices && !this.#makeRoom(now))) {
      this.leftOut.add(name);
      return undefined;
    }
    const nothing = {
      state: undefined,
      stateAt: undefined,
      health: undefined,
      heardAt: undefined,
      healthAt: undefined,
    };
    const device: Device = { ...nothing, restarts: 0, changedAt: now, version: 0 };
    this.#all.set(name, device);
    return device;
  }

  #makeRoom(now: number): boolean {
    if (now < this.#fullUntil) return false;
    let [oldest, changedAt] = ['', Number.POSITIVE_INFINITY];
    for (const [name, device] of this.#all)
      if (device.changedAt < changedAt) [oldest, changedAt] = [name, device.changedAt];
    this.#fullUntil = changedAt + FORGOTTEN_MS;
    if (now < this.#fullUntil) return false;
    this.#forget(oldest);
    return true;
  }

  #forget(name: string): void {
    if (this.#all.delete(name)) this.#marks.forgotten();
  }
}

function viewOf(name: string, { state, stateAt, health, heardAt, restarts }: Device): DeviceView {
  // Whichever was said last: a device may change its plan without a word on its state.
  const said = health?.route ?? health?.planId;
  const isHealthNewer = (heardAt ?? 0) > (stateAt ?? 0);
  const planId = (isHealthNewer ? said : undefined) ?? state?.planId ?? said ?? '';
  return {
    name,
    state: state?.status ?? 'unknown',
    stateAt: stateAt ?? null,
    planId: planId === '' ? null : planId,
    update: state?.update ?? null,
    heardAt: heardAt ?? null,
    restarts,
    health: health ?? null,
  };
}
