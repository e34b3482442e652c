/** What an agent says when it ends. */
import type { Plan } from '../plan/index.ts';
import type { AgentConfig } from './config.ts';
import type { Spreads } from './latencies.ts';
import type { OpenStore } from './open-store.ts';
import type { Outlets } from './outlets.ts';
import { type Failed, type Inference, round } from './record.ts';
import type { Recorder } from './recorder.ts';
import { type RefusalKind, refusalKinds } from './refusal-kinds.ts';
import type { RoutesTold } from './routes/index.ts';
import type { SinkCounts, SinkSettings } from './sinks/index.ts';
import type { OpenedSource, SourceCounts } from './sources/index.ts';
import type { StoreCounts } from './store/index.ts';
import type { Uplink } from './uplink.ts';

export interface AgentSummary {
  readonly format: 'cutline.agent/1';
  readonly fleet: string;
  readonly device: string;
  readonly planId: string;
  readonly cut: string;
  readonly codec: string;
  readonly defense: string;
  readonly stopped: boolean;
  readonly inferences: { readonly total: number; readonly answered: number; readonly failed: number };
  readonly seconds: number;
  /** Of all inferences; of more than 10 000 the quantiles are those of a uniform sample, as `latencyFrom` says. */
  readonly latencyMs: Spreads | null;
  readonly latencyFrom: { readonly inferences: number; readonly sampled: number };
  /** Pictures that became no inference. */
  readonly source: SourceCounts;
  /** What still waits on the disk, and what gave way; null without an outbox. */
  readonly outbox: StoreCounts | null;
  readonly sinks: readonly ({ readonly type: SinkSettings['type'] } & SinkCounts)[];
  readonly resends: number;
  readonly lateTwins: number;
  readonly reconnects: number;
  /** Messages on the answer topic that were no answer. */
  readonly hostile: number;
  /** The same by kind. */
  readonly refused: Readonly<Record<RefusalKind, number>>;
  /** Moves between the routes of a safe set, with what was sent to learn how fast the link is; null where there is one route. */
  readonly routes: RoutesTold | null;
  /** In order of the pictures; the first 10 000 of files, 100 of a source without end, and the first that failed. */
  readonly results: readonly (Inference | Failed)[];
}

const noCounts = {
  resends: 0,
  lateTwins: 0,
  reconnects: 0,
  hostile: 0,
  refused: Object.fromEntries(refusalKinds.map((kind) => [kind, 0])) as Record<RefusalKind, number>,
};

interface Run {
  readonly config: AgentConfig;
  readonly plan: Plan;
  readonly stopped: boolean;
  readonly startMs: number;
  readonly recorder: Recorder;
  readonly source: OpenedSource;
  readonly uplink: Uplink | null;
  readonly outlets: Outlets;
  readonly kept: OpenStore | undefined;
  readonly told: (() => RoutesTold) | undefined;
}

export function summaryOf(run: Run): AgentSummary {
  const { config, plan, stopped, startMs, recorder, source, uplink, outlets, kept, told } = run;
  const { resends, lateTwins, reconnects, hostile, refused } = uplink?.counts ?? noCounts;
  const { total, latencies, results: records } = recorder;
  return {
    format: 'cutline.agent/1',
    fleet: config.fleet,
    device: config.device,
    planId: plan.planId,
    cut: plan.cut.id,
    codec: plan.codec,
    defense: plan.defense,
    stopped,
    inferences: { total: total.answered + total.failed, ...total },
    seconds: round((performance.now() - startMs) / 1000),
    latencyMs: latencies.spreads(),
    latencyFrom: latencies.from,
    source: source.counts,
    outbox: kept ? kept.store.counts : null,
    sinks: outlets.sinks.map(({ type, counts }) => ({ type, ...counts })),
    resends,
    lateTwins,
    reconnects,
    hostile,
    refused,
    routes: told?.() ?? null,
    results: records.sort((a, b) => a.index - b.index),
  };
}
