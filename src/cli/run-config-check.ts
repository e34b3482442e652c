/** `cutline config check`: what a start would find wrong, before there is one. */
import { z } from 'zod';
import { checkConsumer, consumerConfigSchema } from '../cloud/index.ts';
import { checkAgent } from '../device/index.ts';
import { dashboardConfigSchema, openDashboard } from '../fleet/index.ts';
import { isLoopback } from '../loopback.ts';
import type { Overrides } from '../ops/index.ts';
import { routesOf } from '../plan/index.ts';
import { readDocument } from '../validate.ts';
import type { ConfigKind } from './run-config-schema.ts';

export interface CheckedConfig {
  readonly format: 'cutline.config-check/1';
  readonly of: ConfigKind;
  readonly path: string;
  readonly fleet: string;
  readonly device: string | null;
  readonly broker: string;
  /** An agent's, with the routes of its safe set; a consumer may serve several, and a dashboard show them. */
  readonly plans: readonly { readonly planId: string; readonly cut: string }[];
  /** What runs, and could run more safely. */
  readonly warnings: readonly string[];
}

/** @throws CutlineError what the start would throw before it connects */
export async function runConfigCheck(
  path: string,
  of: ConfigKind | undefined,
  overrides: Overrides,
): Promise<CheckedConfig> {
  const kind = of ?? (await kindOf(path, overrides));
  const { config, plans, warnings } = await checks[kind](path, overrides);
  const { fleet, broker } = config;
  return {
    format: 'cutline.config-check/1',
    of: kind,
    path,
    fleet,
    device: config.device ?? null,
    broker: broker.url,
    plans,
    warnings: [
      ...warnings,
      ...(broker.url.startsWith('mqtt:')
        ? ['broker.url: without TLS, so that the network can read and forge messages']
        : []),
    ],
  };
}

export function configText({ of, path, fleet, device, broker, plans, warnings }: CheckedConfig): string {
  const who = device === null ? `${of} of fleet ${fleet}` : `${of} ${device} of fleet ${fleet}`;
  const named = plans.map(({ planId, cut }) => `plan ${planId}, cut at ${cut}`).join('; ') || 'no plan';
  return [`${path}: ${who} at ${broker}, ${named}: nothing is wrong`, ...warnings].join('\n');
}

interface Checked extends Pick<CheckedConfig, 'plans' | 'warnings'> {
  readonly config: {
    readonly fleet: string;
    readonly broker: { readonly url: string };
    readonly device?: string | undefined;
  };
}

const checks: Readonly<Record<ConfigKind, (path: string, overrides: Overrides) => Promise<Checked>>> = {
  async agent(path, overrides) {
    const { config, plan } = await checkAgent(path, overrides);
    return { config, plans: routesOf(plan).map(named), warnings: unsafe(config) };
  },
  async consumer(path, overrides) {
    const { config, plans } = await checkConsumer(path, overrides);
    return { config: { ...config, device: undefined }, plans: plans.map(named), warnings: unsafe(config) };
  },
  async dashboard(path, overrides) {
    const { config, plans } = await openDashboard(path, overrides);
    const warnings = [
      ...(isLoopback(config.http.host)
        ? []
        : ['http.host: reachable from outside without TLS; put a proxy that speaks https before it']),
      ...(config.broker.username === undefined
        ? ['broker.username: none; where the broker has no accounts, anybody can speak for any device']
        : []),
    ];
    return { config: { ...config, device: undefined }, plans, warnings };
  },
};

const named = ({ planId, cut }: { readonly planId: string; readonly cut: { readonly id: string } }) => ({
  planId,
  cut: cut.id,
});

function unsafe({ planKeys, messageKeys }: { planKeys: readonly string[]; messageKeys?: string | undefined }) {
  return [
    ...(planKeys.length === 0 ? ['planKeys: none, so that whoever can write the plan decides what is sent'] : []),
    ...(messageKeys === undefined ? ['messageKeys: none, so that the broker can read and forge messages'] : []),
  ];
}

/** Agents have a device; whoever has neither that nor plans to run, but a page, and nothing that only a consumer has, is a dashboard. */
async function kindOf(path: string, { env, set }: Overrides): Promise<ConfigKind> {
  const document = await readDocument(path, z.unknown(), { code: 'CONFIG_INVALID' });
  const keys = typeof document === 'object' && document !== null ? document : {};
  const has = (key: string) =>
    key in keys || `CUTLINE_${key.toUpperCase()}` in env || set.some((s) => s.startsWith(`${key}=`));
  if (has('device')) return 'agent';
  const { plans = [] } = keys as { plans?: unknown };
  // Of a dashboard they are paths.
  const isOfPaths = Array.isArray(plans) && plans.every((one) => typeof one === 'string');
  const ofConsumer = Object.keys(consumerConfigSchema.shape).filter((key) => !(key in dashboardConfigSchema.shape));
  return isOfPaths && 'http' in keys && !ofConsumer.some(has) ? 'dashboard' : 'consumer';
}
