/** Opens what a start of a consumer opens, and says what is wrong with it; nothing is loaded into an engine or connected. */
import { resolve } from 'node:path';
import { connectOptions, readFleetSeals } from '../broker/index.ts';
import { type Overrides, tokenOf } from '../ops/index.ts';
import type { Plan } from '../plan/index.ts';
import { type ConsumerConfig, readConsumerConfig } from './config.ts';
import { readServed } from './open-served.ts';

/** @throws CutlineError what a start would throw before it connects */
export async function checkConsumer(
  configPath: string,
  overrides: Overrides,
): Promise<{ readonly config: ConsumerConfig; readonly plans: readonly Plan[] }> {
  const { config, folder } = await readConsumerConfig(configPath, overrides);
  const read = await readServed(config, folder);
  await connectOptions(config.broker, folder, { clientId: `cutline-consumer-${config.group ?? 'tails'}-check` });
  if (config.messageKeys !== undefined) await readFleetSeals(resolve(folder, config.messageKeys), config.fleet);
  await tokenOf(config.http, folder);
  return { config, plans: read.map((r) => r.plan) };
}
