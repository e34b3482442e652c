/** What the page knows of the fleet, from what it was told, and how old that is. */
import type { ConsumerView, DeviceView, FleetUpdate, PlanView, Status } from '../../fleet/index.ts';
import { statusOf } from '../../fleet/index.ts';

export class Known {
  readonly devices = new Map<string, DeviceView>();
  readonly consumers = new Map<string, ConsumerView>();
  readonly plans = new Map<string, PlanView>();
  /** The last one. */
  told: FleetUpdate | undefined;
  /** Between the dashboard's clock and this one's. */
  #offsetMs = 0;
  /** By this machine's clock. */
  #toldAtMs = 0;

  apply(update: FleetUpdate): void {
    this.told = update;
    this.#toldAtMs = Date.now();
    this.#offsetMs = update.now - this.#toldAtMs;
    if (update.isWhole) {
      this.devices.clear();
      this.consumers.clear();
      this.plans.clear();
    }
    for (const device of update.devices) this.devices.set(device.name, device);
    for (const consumer of update.consumers) this.consumers.set(consumer.name, consumer);
    for (const plan of update.plans ?? []) this.plans.set(plan.planId, plan);
  }

  /** By the dashboard's clock. */
  get now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Since the page was told anything. */
  get quietMs(): number {
    return Date.now() - this.#toldAtMs;
  }

  statusOf(device: DeviceView): Status {
    return statusOf(device, this.now, this.told?.watchedSince ?? 0);
  }
}
