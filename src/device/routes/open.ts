/** From the routes of a plan to what chooses among them: heads warmed and timed, the recording opened. */
import { resolve } from 'node:path';
import type { Preprocessing } from '../../data/index.ts';
import type { Plan } from '../../plan/index.ts';
import type { Route } from '../route.ts';
import { onlyRoute, type Routing } from '../routing.ts';
import type { Uplink } from '../uplink.ts';
import type { Move } from './choose.ts';
import { RoutesLog } from './log.ts';
import { Moving } from './moving.ts';
import type { RoutesSettings } from './settings.ts';
import type { Stream } from './stream.ts';
import { warmUp } from './warm.ts';

export interface OpenRouting extends Routing {
  /** Undefined where there is one route, or it is not left. */
  readonly told: (() => RoutesTold) | undefined;
  start(): void;
  silent(planId: string, isSilent: boolean): void;
  close(): Promise<void>;
}

/** What is told of moves in summary, metrics and health. */
export interface RoutesTold {
  /** Id of the current route's plan. */
  readonly current: string;
  readonly moves: number;
  readonly probes: number;
  readonly probeBytes: number;
  /** The first ones. */
  readonly log: readonly Move[];
}

export interface RoutingOptions {
  readonly plan: Plan;
  readonly routes: readonly Route[];
  readonly settings: RoutesSettings;
  readonly folder: string;
  readonly preprocessing: Preprocessing;
  readonly uplink: Pick<Uplink, 'isConnected' | 'probe'> | null;
  readonly stream: Stream;
  readonly log: (line: string) => void;
}

/** @throws CutlineError ENGINE_*, OUTPUT_NOT_WRITABLE */
export async function openRouting(options: RoutingOptions): Promise<OpenRouting> {
  const { plan, routes, settings, folder, preprocessing, uplink, log } = options;
  if (routes.length === 1 || !settings.move || !uplink)
    return { ...onlyRoute(routes[0]!), all: routes, told: undefined, start() {}, silent() {}, async close() {} };
  const file =
    settings.log === undefined
      ? undefined
      : await RoutesLog.open({
          path: resolve(folder, settings.log),
          maxBytes: settings.logMaxBytes,
          planId: plan.planId,
          settings,
          log,
        });
  const headMs: number[] = [];
  for (const route of routes) headMs.push(await warmUp(route, preprocessing));
  const moving = new Moving({ ...options, uplink, headMs, file });
  return Object.assign(moving, {
    told: () => ({ current: moving.current.plan.planId, ...moving.counts, log: moving.moves }),
  });
}
