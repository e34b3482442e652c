/** Opens what a start of a consumer opens, and says what is wrong with it; nothing is loaded into an engine or connected. */
import { dirname, resolve } from 'node:path';
import { connectOptions, readFleetSeals } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { modelSha256, readModel } from '../model/index.ts';
import { type Overrides, tokenOf } from '../ops/index.ts';
import { openPlan, type Plan, verifyPlan } from '../plan/index.ts';
import { type ConsumerConfig, readConsumerConfig } from './config.ts';

/** @throws CutlineError what a start would throw before it connects */
export async function checkConsumer(
  configPath: string,
  overrides: Overrides,
): Promise<{ readonly config: ConsumerConfig; readonly plan: Plan }> {
  const { config, folder } = await readConsumerConfig(configPath, overrides);
  const { plan, path } = await openPlan(config, folder, Date.now);
  if (!plan.tail) throw new CutlineError('TAIL_MISMATCH', { path, problem: 'it keeps everything on the device' });
  const tail = config.tail === undefined ? resolve(dirname(path), plan.tail.file) : resolve(folder, config.tail);
  verifyPlan(plan, { tailSha256: modelSha256(await readModel(tail)) });
  await connectOptions(config.broker, folder, { clientId: `cutline-consumer-${config.group}-check` });
  if (config.messageKeys !== undefined) await readFleetSeals(resolve(folder, config.messageKeys), config.fleet);
  await tokenOf(config.http, folder);
  return { config, plan };
}
