/** What an agent tells whoever watches it: in metrics, by its readiness, and in its health messages. */
import { type AgentHealth, figure, figures, type Metric, MOST_FAILURES, type Report } from '../ops/index.ts';
import type { OpenStore } from './open-store.ts';
import type { Outlets } from './outlets.ts';
import type { Recorder } from './recorder.ts';
import type { RoutesTold } from './routes/index.ts';
import type { SinkCounts } from './sinks/index.ts';
import type { OpenedSource } from './sources/index.ts';
import type { Uplink } from './uplink.ts';
import type { VitalSigns } from './vital-signs.ts';

interface Watched {
  readonly planId: string;
  readonly recorder: Pick<Recorder, 'total' | 'latencies' | 'lastMinute' | 'lastFailures'>;
  readonly source: Pick<OpenedSource, 'counts'>;
  readonly outlets: Pick<Outlets, 'sinks'>;
  /** Null where the plan keeps everything on the device. */
  readonly uplink: Pick<Uplink, 'isConnected' | 'counts' | 'tellAlso'> | null;
  readonly kept: OpenStore | undefined;
  readonly vitals: Pick<VitalSigns, 'latest'>;
  /** Undefined where there is one route. */
  readonly told: (() => RoutesTold) | undefined;
}

/** From now on the uplink's health messages say it, too. */
export function agentReport(watched: Watched): Report {
  const { uplink } = watched;
  uplink?.tellAlso(() => healthOf(watched));
  return {
    waitsFor: () => (uplink && !uplink.isConnected ? 'the broker' : undefined),
    metrics: () => [
      ...inferences(watched),
      ...connection(watched),
      ...outbox(watched),
      ...machine(watched),
      ...routes(watched),
    ],
  };
}

/** What a health message has beside the counts of the uplink. */
type Beside = Pick<
  AgentHealth,
  'inferences' | 'latencyMs' | 'source' | 'outbox' | 'power' | 'temperatureC' | 'failures'
> & { readonly route?: string; readonly moves?: number };

function healthOf({ source, kept, recorder, vitals, told }: Watched): Beside {
  return {
    inferences: { ...recorder.total },
    latencyMs: recorder.lastMinute.spread(),
    source: { ...source.counts },
    outbox: kept ? kept.store.counts : null,
    ...vitals.latest,
    failures: recorder.lastFailures.latest(MOST_FAILURES),
    ...(told && { route: told().current, moves: told().moves }),
  };
}

function inferences({ planId, recorder, source, outlets }: Watched): Metric[] {
  return [
    {
      ...figure('cutline_plan_info', 'gauge', 'The plan that runs', 1),
      samples: [{ labels: { plan: planId }, value: 1 }],
    },
    figures('cutline_inferences_total', 'Pictures that ended, by how', 'outcome', { ...recorder.total }),
    recorder.latencies.histogram.metric('cutline_inference_seconds', 'From the picture to its answer'),
    figures('cutline_source_total', 'What did not become an inference, and restarts of a camera', 'reason', {
      ...source.counts,
    }),
    {
      name: 'cutline_sink_lines_total',
      help: 'Lines for sinks, by what became of them',
      type: 'counter',
      samples: outlets.sinks.flatMap(({ type, counts }, i) =>
        Object.entries(counts satisfies SinkCounts).map(([outcome, value]) => ({
          labels: { sink: String(i + 1), type, outcome },
          value: value as number,
        })),
      ),
    },
  ];
}

function connection({ uplink }: Watched): Metric[] {
  if (!uplink) return [];
  const { resends, lateTwins, reconnects, refused } = uplink.counts;
  return [
    figure('cutline_connected', 'gauge', '1 while connected to the broker', uplink.isConnected ? 1 : 0),
    figure('cutline_reconnects_total', 'counter', 'Connections after the first', reconnects),
    figure('cutline_resends_total', 'counter', 'Messages that were sent again', resends),
    figure('cutline_late_twins_total', 'counter', 'Answers to what was answered already', lateTwins),
    figures('cutline_refused_messages_total', 'Messages on the answer topic that were no answer', 'kind', refused),
  ];
}

function outbox({ kept }: Watched): Metric[] {
  if (!kept) return [];
  const { waiting, waitingBytes, droppedForRoom, droppedByAge, droppedOfOtherPlans } = kept.store.counts;
  return [
    figure('cutline_outbox_waiting', 'gauge', 'Activations on the disk without an answer', waiting),
    figure('cutline_outbox_waiting_bytes', 'gauge', 'The same in bytes', waitingBytes),
    figures('cutline_outbox_dropped_total', 'Activations that gave way unanswered', 'reason', {
      room: droppedForRoom,
      age: droppedByAge,
      plan: droppedOfOtherPlans,
    }),
  ];
}

function machine({ vitals }: Watched): Metric[] {
  const { power, temperatureC } = vitals.latest;
  return [
    ...(power ? [figure('cutline_power_watts', 'gauge', `Power of the device, ${power.source}`, power.watts)] : []),
    ...(temperatureC === null
      ? []
      : [figure('cutline_temperature_celsius', 'gauge', 'Temperature of the processor', temperatureC)]),
  ];
}

function routes({ told }: Watched): Metric[] {
  if (!told) return [];
  const { current, moves, probes, probeBytes } = told();
  return [
    {
      ...figure('cutline_route_info', 'gauge', 'The route of the plan that pictures take now, by its id', 1),
      samples: [{ labels: { plan: current }, value: 1 }],
    },
    figure('cutline_route_moves_total', 'counter', 'Moves from one route to another', moves),
    figure('cutline_route_probes_total', 'counter', 'Messages that were sent to learn how fast the link is', probes),
    figure('cutline_route_probe_bytes_total', 'counter', 'The same in bytes', probeBytes),
  ];
}
