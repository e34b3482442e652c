/** What a dashboard reads before it connects or listens. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type ConnectOptions, connectOptions } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import type { Overrides } from '../ops/index.ts';
import { readToken } from '../secrets.ts';
import { type DashboardConfig, readDashboardConfig } from './config.ts';
import { readPlanViews } from './plans.ts';
import type { PlanView } from './view.ts';

export interface Opened {
  readonly config: DashboardConfig;
  readonly connect: ConnectOptions;
  readonly token: string;
  readonly plans: readonly PlanView[];
}

/** Whoever guesses it sees the fleet: no word, and no number. */
const LEAST_TOKEN = 16;

/** @throws CutlineError CONFIG_INVALID, FILE_*, SECRET_EXPOSED, PLAN_*, KEY_INVALID */
export async function openDashboard(configPath: string, overrides: Overrides): Promise<Opened> {
  const { config, folder } = await readDashboardConfig(configPath, overrides);
  const { broker, fleet, http } = config;
  const clientId = `cutline-dashboard-${fleet}-${randomBytes(4).toString('hex')}`;
  const connect = await connectOptions(broker, folder, { clientId });
  const token = await readToken(resolve(folder, http.tokenFile));
  if (token.length < LEAST_TOKEN) {
    const problem = `http.tokenFile: its first line has ${token.length} characters; make one of ${LEAST_TOKEN} at least, as openssl rand -hex 32 does`;
    throw new CutlineError('CONFIG_INVALID', { path: configPath, problem });
  }
  return { config, connect, token, plans: await readPlanViews(config, folder) };
}
