/** Opens what a start of an agent opens, and says what is wrong with it; nothing is written, loaded into an engine or connected. */
import { resolve } from 'node:path';
import { agentClientId, connectOptions, readDeviceSeal } from '../broker/index.ts';
import { checkNoFile, checkWritable, statOf } from '../files.ts';
import { type Overrides, tokenOf } from '../ops/index.ts';
import { openPlan, type Plan, readProtocol } from '../plan/index.ts';
import { isShippedName } from '../shipped.ts';
import { type AgentConfig, readAgentConfig } from './config.ts';
import { readOutboxKey } from './open-store.ts';
import { checkFiles } from './outlets.ts';
import { checkRoutes, isLocal, readHeads, spenderOf } from './route.ts';
import { checkSinks, checkStdout } from './sinks/index.ts';
import { checkSource } from './sources/index.ts';
import { lookAtSpending } from './spending.ts';
import { pictureOf } from './start.ts';
import { readUpdateFiles } from './updates/index.ts';

/** @throws CutlineError what a start would throw before it connects */
export async function checkAgent(
  configPath: string,
  overrides: Overrides,
): Promise<{ readonly config: AgentConfig; readonly plan: Plan }> {
  const { config, folder } = await readAgentConfig(configPath, overrides);
  const { fleet, device, messageKeys, outbox } = config;
  checkStdout(config.sinks);
  checkFiles(config.sinks, folder, undefined);
  const { plan, path: planPath } = await openPlan(config, folder, Date.now);
  const protocol = await readProtocol(
    isShippedName(config.protocol) ? config.protocol : resolve(folder, config.protocol),
  );
  const heads = await readHeads(config, folder, plan, planPath, protocol);
  const { preprocessing } = await pictureOf(config, folder, plan);
  const checked = checkRoutes(heads, preprocessing, config.expiryMs);
  try {
    await lookAtSpending(config, folder, checked.map(spenderOf), configPath);
  } finally {
    await Promise.all(checked.map((route) => route.mechanism.close()));
  }
  if (checked.some((route) => !isLocal(route))) {
    await connectOptions(config.broker, folder, { clientId: agentClientId(fleet, device) });
    if (messageKeys !== undefined) await readDeviceSeal(resolve(folder, messageKeys), fleet, device);
  }
  if (config.routes.log !== undefined && heads.length > 1) await checkWritable(resolve(folder, config.routes.log));
  await tokenOf(config.http, folder);
  if (outbox?.keyFile !== undefined) await readOutboxKey(resolve(folder, outbox.keyFile));
  for (const at of [outbox?.path, config.updates?.folder]) if (at !== undefined) await checkNoFile(resolve(folder, at));
  if (config.updates) await readUpdateFiles(config.updates, folder);
  for (const path of config.images) await statOf(path);
  await checkSource(config.source, folder);
  await checkSinks(config.sinks, { ...config, folder });
  return { config, plan };
}
