/** Opens what a start of an agent opens, and says what is wrong with it; nothing is written, loaded into an engine or connected. */
import { resolve } from 'node:path';
import { agentClientId, connectOptions, readDeviceSeal } from '../broker/index.ts';
import { statOf } from '../files.ts';
import { type Overrides, tokenOf } from '../ops/index.ts';
import { openPlan, type Plan, readProtocol } from '../plan/index.ts';
import { isShippedName } from '../shipped.ts';
import { capCheck } from './cap.ts';
import { type AgentConfig, readAgentConfig } from './config.ts';
import { readOutboxKey } from './open-store.ts';
import { checkFiles } from './outlets.ts';
import { checkSinks, checkStdout } from './sinks/index.ts';
import { checkSource } from './sources/index.ts';
import { lookAtSpending } from './spending.ts';
import { mechanismOf, pictureOf, readHead } from './start.ts';
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
  await readHead(config, folder, plan, planPath, protocol);
  const { preprocessing } = await pictureOf(config, folder, plan);
  const mechanism = mechanismOf(plan, preprocessing);
  try {
    capCheck(plan, mechanism);
    await lookAtSpending(config, folder, plan, mechanism.mechanism.guarantee, configPath);
  } finally {
    await mechanism.close();
  }
  if (plan.tail) {
    await connectOptions(config.broker, folder, { clientId: agentClientId(fleet, device) });
    if (messageKeys !== undefined) await readDeviceSeal(resolve(folder, messageKeys), fleet, device);
  }
  await tokenOf(config.http, folder);
  if (outbox?.keyFile !== undefined) await readOutboxKey(resolve(folder, outbox.keyFile));
  if (config.updates) await readUpdateFiles(config.updates, folder);
  for (const path of config.images) await statOf(path);
  await checkSource(config.source, folder);
  await checkSinks(config.sinks, { ...config, folder });
  return { config, plan };
}
