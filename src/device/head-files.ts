/** Where the heads of a plan's routes lie. */
import { dirname, resolve } from 'node:path';
import { type Plan, type RoutePlan, routesOf } from '../plan/index.ts';
import type { AgentConfig } from './config.ts';

/** `head` of the configuration is that of the plan's own route; the others lie in its folder. Undefined where a route has none. */
export function headFiles(
  config: Pick<AgentConfig, 'head'>,
  folder: string,
  plan: Plan,
  planPath: string,
): readonly { readonly route: RoutePlan; readonly path: string | undefined }[] {
  const own = config.head === undefined ? undefined : resolve(folder, config.head);
  return routesOf(plan).map((route) => {
    if (!route.head) return { route, path: undefined };
    const isOwn = own !== undefined && route.planId === plan.planId;
    return { route, path: isOwn ? own : resolve(dirname(own ?? planPath), route.head.file) };
  });
}
