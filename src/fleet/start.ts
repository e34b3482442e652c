/** From a configuration to a running dashboard. */
import { channelsOf, consumerHealthTopic, Link } from '../broker/index.ts';
import { figure, figures, openOps, type Report } from '../ops/index.ts';
import { steadyNow } from './clock.ts';
import { Fleet } from './fleet.ts';
import type { Mark } from './marks.ts';
import { MOST_PACKET_BYTES } from './messages.ts';
import { openDashboard } from './open.ts';
import type { FleetUpdate } from './view.ts';
import { serveWeb } from './web/server.ts';

export interface DashboardStart {
  readonly configPath: string;
  /** Settings in place of those of the configuration, `PATH=VALUE`. */
  readonly set?: readonly string[] | undefined;
  /** JavaScript of the page, as the build made it. */
  readonly program: string;
  readonly log: (line: string) => void;
  /** Called when it listens. */
  readonly onReady?: (url: string) => void;
  readonly stop: AbortSignal;
}

/**
 * Runs a dashboard until `stop` aborts.
 * @throws CutlineError for a wrong configuration or plan; DASHBOARD_LISTEN; BROKER_* when it gives up
 */
export async function startDashboard(options: DashboardStart): Promise<void> {
  const { log, stop } = options;
  const { config, connect, token, plans } = await openDashboard(options.configPath, {
    env: process.env,
    set: options.set ?? [],
  });
  const { fleet: name, devices, maxDevices, maxConsumers, http, giveUpAfterS } = config;
  const wanted = devices && new Set(devices);
  const fleet = new Fleet({ fleet: name, devices: wanted, maxDevices, maxConsumers, now: steadyNow });
  const link = new Link(
    {
      connect: { ...connect, skip: { overBytes: MOST_PACKET_BYTES, tell: () => fleet.refuse('oversized') } },
      giveUpAfterMs: giveUpAfterS === undefined ? undefined : giveUpAfterS * 1000,
      log,
    },
    {
      prepare: async (connection) => {
        // At most once: what is too large is then left out before it is read.
        for (const filter of [channelsOf(name, 'state'), channelsOf(name, 'health'), consumerHealthTopic(name, '+')])
          await connection.subscribe(filter, 0);
      },
      onUp: () => fleet.connected(true),
      onDown: () => fleet.connected(false),
      receive: (topic, payload, isRetained) => fleet.receive(topic, payload, isRetained),
    },
  );
  const since = (mark: Mark | undefined): FleetUpdate => {
    const told = fleet.since(mark);
    return told.isWhole ? { ...told, plans } : told;
  };
  const mark = () => fleet.mark;
  const ops = await openOps(undefined, '', log);
  const report = reportOf(fleet);
  const web = await serveWeb({ ...http, token, fleet: name, program: options.program, since, mark, report });
  try {
    log(`fleet ${name} at ${web.url}; sign in with the token of ${http.tokenFile}`);
    ops.follow(report);
    options.onReady?.(web.url);
    await link.run(stop);
  } finally {
    await web.close();
    await ops.close();
  }
}

function reportOf(fleet: Fleet): Report {
  return {
    waitsFor: () => (fleet.isConnected ? undefined : 'the broker'),
    metrics() {
      const { devices, consumers, refused } = fleet.counts;
      return [
        figure('cutline_connected', 'gauge', '1 while connected to the broker', fleet.isConnected ? 1 : 0),
        figure('cutline_fleet_devices', 'gauge', 'Devices that are shown', devices),
        figure('cutline_fleet_consumers', 'gauge', 'Consumers that are shown', consumers),
        figures('cutline_refused_messages_total', 'Messages that were not believed', 'kind', refused),
      ];
    },
  };
}
