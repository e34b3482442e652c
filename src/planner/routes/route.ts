/** A route: parts of the network on tiers, joined by hops. Pure data. */
import type { CodecName } from '../../plan/index.ts';

/** What a route costs; each adds along it. */
export interface RouteCost {
  readonly latencyMs: number;
  /** Of the tier that has the picture. */
  readonly energyMj: number;
  /** Sent, over all hops. */
  readonly bytes: number;
  /** Of tiers other than the one that has the picture. */
  readonly cloudMs: number;
  /** Weights that the tier that has the picture holds. */
  readonly downloadBytes: number;
}
export type Dimension = keyof RouteCost;

export const nothing: RouteCost = { latencyMs: 0, energyMj: 0, bytes: 0, cloudMs: 0, downloadBytes: 0 };

export function plus(a: RouteCost, b: RouteCost): RouteCost {
  return {
    latencyMs: a.latencyMs + b.latencyMs,
    energyMj: a.energyMj + b.energyMj,
    bytes: a.bytes + b.bytes,
    cloudMs: a.cloudMs + b.cloudMs,
    downloadBytes: a.downloadBytes + b.downloadBytes,
  };
}

/** The network from one cut to a later one, on a tier. */
export interface StageStep {
  readonly kind: 'stage';
  readonly tier: number;
  readonly from: number;
  readonly to: number;
}

/** A cut that goes from one tier to another. */
export interface HopStep {
  readonly kind: 'hop';
  readonly from: number;
  readonly to: number;
  readonly cut: number;
  readonly defense: string;
  readonly codec: CodecName;
}
export type Step = StageStep | HopStep;

/** What routes are looked for in. Tiers and cuts are numbers; cut 0 is the input, the last one the output. */
export interface RouteProblem {
  readonly tiers: number;
  readonly cuts: number;
  /** Where the picture is, and where the answer is wanted. */
  readonly source: number;
  readonly goal: number;
  readonly mostHops: number;
  /** Whether the second cut can be computed from the first. */
  readonly follows: (from: number, to: number) => boolean;
  readonly stage: (step: Omit<StageStep, 'kind'>) => RouteCost;
  /** Ways to send a cut from one tier to another; none where there is no link, or where it shows more than is allowed. */
  readonly hops: (
    cut: number,
    from: number,
    to: number,
  ) => readonly { readonly step: HopStep; readonly cost: RouteCost }[];
  /** Lower is better; grows with every dimension it looks at. */
  readonly objective: (cost: RouteCost) => number;
  /** At most so much of each. */
  readonly bounds: Readonly<Partial<Record<Dimension, number>>>;
}

export interface FoundRoute {
  readonly steps: readonly Step[];
  readonly cost: RouteCost;
}
