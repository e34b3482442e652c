/** `cutline config check`: what a start would find wrong, before there is one. */
import { z } from 'zod';
import { checkConsumer } from '../cloud/index.ts';
import { checkAgent } from '../device/index.ts';
import type { Overrides } from '../ops/index.ts';
import { routesOf } from '../plan/index.ts';
import { readDocument } from '../validate.ts';

export interface CheckedConfig {
  readonly format: 'cutline.config-check/1';
  readonly of: 'agent' | 'consumer';
  readonly path: string;
  readonly fleet: string;
  readonly device: string | null;
  readonly broker: string;
  /** An agent's, with the routes of its safe set; those that a consumer serves. */
  readonly plans: readonly { readonly planId: string; readonly cut: string }[];
  /** What runs, and could run more safely. */
  readonly warnings: readonly string[];
}

/** @throws CutlineError what the start would throw before it connects */
export async function runConfigCheck(
  path: string,
  of: 'agent' | 'consumer' | undefined,
  overrides: Overrides,
): Promise<CheckedConfig> {
  const kind = of ?? (await kindOf(path, overrides));
  const { config, plans } = await (kind === 'agent' ? agentOf : checkConsumer)(path, overrides);
  const { fleet, broker, planKeys, messageKeys } = config;
  const warnings = [
    ...(planKeys.length === 0 ? ['planKeys: none, so that whoever can write the plan decides what is sent'] : []),
    ...(messageKeys === undefined ? ['messageKeys: none, so that the broker can read and forge messages'] : []),
    ...(broker.url.startsWith('mqtt:')
      ? ['broker.url: without TLS, so that the network can read and forge messages']
      : []),
  ];
  return {
    format: 'cutline.config-check/1',
    of: kind,
    path,
    fleet,
    device: 'device' in config ? config.device : null,
    broker: broker.url,
    plans: plans.map((plan) => ({ planId: plan.planId, cut: plan.cut.id })),
    warnings,
  };
}

export function configText({ of, path, fleet, device, broker, plans, warnings }: CheckedConfig): string {
  const who = device === null ? `${of} of fleet ${fleet}` : `${of} ${device} of fleet ${fleet}`;
  const named = plans.map(({ planId, cut }) => `plan ${planId}, cut at ${cut}`).join('; ');
  return [`${path}: ${who} at ${broker}, ${named}: nothing is wrong`, ...warnings].join('\n');
}

async function agentOf(path: string, overrides: Overrides) {
  const { config, plan } = await checkAgent(path, overrides);
  return { config, plans: routesOf(plan) };
}

/** Agents have a device. */
async function kindOf(path: string, { env, set }: Overrides): Promise<'agent' | 'consumer'> {
  const document = await readDocument(path, z.unknown(), { code: 'CONFIG_INVALID' });
  const isNamed = typeof document === 'object' && document !== null && 'device' in document;
  return isNamed || 'CUTLINE_DEVICE' in env || set.some((s) => s.startsWith('device=')) ? 'agent' : 'consumer';
}
