/** All that a supervisor needs of a configuration: read and checked before an agent is started. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { ID_BYTES } from '../../broker/index.ts';
import { CutlineError } from '../../errors.ts';
import { checkFolder, makeFolder, readBounded, writeError } from '../../files.ts';
import { LastPlan, type Protocol, readPlan, readPlanKeys, readProtocol } from '../../plan/index.ts';
import { readToken } from '../../secrets.ts';
import { isShippedName } from '../../shipped.ts';
import { type AgentConfig, readAgentConfig } from '../config.ts';
import type { Admittance } from './admit-push.ts';
import { awaitAlone, claim, evenWhenFull } from './alone.ts';
import { PlansFolder } from './plans-folder.ts';
import { adopted } from './rollout.ts';
import { RolloutFile } from './rollout-file.ts';
import type { UpdatesSettings } from './settings.ts';

export interface OpenUpdates {
  readonly config: AgentConfig;
  /** What paths in it are relative to. */
  readonly folder: string;
  readonly updates: UpdatesSettings;
  readonly protocol: Protocol;
  readonly admittance: Admittance;
  readonly rollout: RolloutFile;
  readonly plans: PlansFolder;
  /** What was confirmed last: nothing older comes in. */
  readonly last: LastPlan;
  readonly token: string | undefined;
  readonly ca: Buffer | undefined;
  /** Of the supervisor. */
  readonly bootId: string;
}

const MOST_CA_BYTES = 1 << 20;
/** Beside the time in which an agent gives up what is under way. */
const LEFT_BEHIND_MS = 10_000;

/** @throws CutlineError CONFIG_INVALID, FILE_*, KEY_INVALID, SECRET_EXPOSED, UPDATE_IN_USE, OUTPUT_NOT_WRITABLE */
export async function openUpdates(
  configPath: string,
  set: readonly string[],
  log: (line: string) => void,
): Promise<OpenUpdates> {
  const { config, folder } = await readAgentConfig(configPath, { env: process.env, set });
  const { updates } = config;
  if (!updates) throw new CutlineError('CONFIG_INVALID', { path: configPath, problem: 'updates: missing' });
  const at = resolve(folder, updates.folder);
  const secrets = await readUpdateFiles(updates, folder);
  const keys = await readPlanKeys(config, folder);
  const protocol = await readProtocol(
    isShippedName(config.protocol) ? config.protocol : resolve(folder, config.protocol),
  );
  await evenWhenFull(log, async () => {
    await makeFolder(at).catch((error: unknown) => {
      throw writeError(at, error);
    });
    await checkFolder(at);
    await claim(at, 'supervisor');
  });
  await awaitAlone(at, config.timeoutMs + LEFT_BEHIND_MS, log);
  const rollout = await RolloutFile.open(at, log);
  // Who puts a newer plan beside the configuration means it. One that cannot be read is found out when it is its turn.
  const own = await readPlan(resolve(folder, config.plan)).catch(() => undefined);
  const { newest } = rollout.now;
  if (own && own.serial > (newest?.serial ?? -1)) {
    const { planId, serial } = own;
    await rollout.settle((r) => adopted(r, { planId, serial }), log);
  }
  const { planState } = config;
  return {
    config,
    folder,
    updates,
    protocol,
    admittance: { updates, keys, protocol, planState, modelSha256: own?.model.sha256, folder },
    rollout,
    plans: new PlansFolder(at),
    last: new LastPlan(resolve(folder, planState)),
    ...secrets,
    bootId: randomBytes(ID_BYTES).toString('hex'),
  };
}

/** @throws CutlineError FILE_*, SECRET_EXPOSED */
export async function readUpdateFiles(
  { tokenFile, caFile }: Pick<UpdatesSettings, 'tokenFile' | 'caFile'>,
  folder: string,
): Promise<{ readonly token: string | undefined; readonly ca: Buffer | undefined }> {
  return {
    token: tokenFile === undefined ? undefined : await readToken(resolve(folder, tokenFile)),
    ca: caFile === undefined ? undefined : await readBounded(resolve(folder, caFile), MOST_CA_BYTES),
  };
}
