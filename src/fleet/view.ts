/** What a watcher of a fleet is told of it: as the page gets it, in JSON. Times are Unix times of the dashboard's clock, ms. */
import type { AgentHealth, ConsumerHealth } from '../ops/index.ts';
import type { PlanUpdate } from './messages.ts';

export interface DeviceView {
  readonly name: string;
  /** As its retained state says, which the broker sets to offline when it loses it; `unknown` where there is none. */
  readonly state: 'online' | 'offline' | 'unknown';
  /** When that was said; null where it was said before the dashboard came. */
  readonly stateAt: number | null;
  /** That it runs; of a plan with several routes, the one that it takes now. Null where none does, or nothing is known. */
  readonly planId: string | null;
  /** What became of plans that were pushed to it; null where it takes none. */
  readonly update: PlanUpdate | null;
  /** When it last said anything itself; null where it has not since the dashboard came. */
  readonly heardAt: number | null;
  /** How often it was seen to start again. */
  readonly restarts: number;
  /** The last one. */
  readonly health: AgentHealth | null;
}

export interface ConsumerView {
  readonly name: string;
  readonly heardAt: number;
  readonly health: ConsumerHealth;
}

/** Mean with its interval. */
interface Band {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface PlanView {
  readonly planId: string;
  readonly model: string;
  readonly cut: string;
  readonly codec: string;
  readonly defense: string;
  /** Id of the key whose signature was verified; null where none was asked for. */
  readonly signedBy: string | null;
  /** ISO 8601. */
  readonly expires: string | null;
  readonly threat: string;
  readonly maxSsim: number;
  readonly evidence: readonly {
    readonly threat: string;
    readonly observations: number;
    readonly protocol: string;
    readonly strongest: string;
    readonly images: number;
    readonly ssim: Band;
    /** Of the answer alone. */
    readonly floor: Band | null;
    readonly reidentification: { readonly rank1: number; readonly gallery: number } | null;
    readonly bitsCap: number | null;
    readonly confirmation: { readonly images: number; readonly confidence: number } | null;
  }[];
  readonly predicted: { readonly p50Ms: number; readonly p95Ms: number | null; readonly wireBytes: number };
}

/** All of it, or what has changed since the one before. */
export interface FleetUpdate {
  readonly format: 'cutline.fleet/1';
  readonly fleet: string;
  /** What was told before does not count any more. */
  readonly isWhole: boolean;
  readonly now: number;
  /** When the dashboard began. */
  readonly watchedSince: number;
  /** Null while connected to the broker; else since when it is away. */
  readonly brokerLostAt: number | null;
  readonly devices: readonly DeviceView[];
  readonly consumers: readonly ConsumerView[];
  /** Only in a whole one. */
  readonly plans?: readonly PlanView[];
  readonly leftOut: {
    /** Devices that had no room; of more than are counted, as many as are. */
    readonly devices: number;
    readonly isMore: boolean;
    readonly consumers: number;
  };
  /** Messages that were not believed, by kind. */
  readonly refused: Readonly<Record<RefusalKind, number>>;
}

/** Larger than any of ours; no JSON of its kind; of another device than its topic's; sooner after the last than anybody says it. */
export const refusalKinds = ['oversized', 'malformed', 'foreign', 'flood'] as const;
export type RefusalKind = (typeof refusalKinds)[number];
