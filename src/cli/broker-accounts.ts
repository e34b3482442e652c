/** `cutline broker account` and `cutline broker config`: accounts are made here, and written for other brokers. */
import { join } from 'node:path';
import {
  accountsSchema,
  forEmqx,
  forMosquitto,
  makeAccount,
  prefixSchema,
  type Role,
  readAccounts,
  roles,
} from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { ifThere } from '../if-there.ts';
import { requireNames } from './names.ts';
import { oneOf } from './thresholds.ts';
import { writeNew } from './write-new.ts';
import { writePrivately } from './write-privately.ts';

export interface AccountArguments {
  readonly accounts: string;
  readonly role: string;
  readonly fleet: string;
  readonly device?: string | undefined;
  readonly username?: string | undefined;
  readonly homeAssistant?: string | undefined;
  readonly out: string;
}

export interface MadeAccount {
  readonly format: 'cutline.broker-account/1';
  readonly username: string;
  readonly role: Role;
  readonly accounts: string;
  readonly passwordFile: string;
}

/** @throws CutlineError USAGE, ACCOUNTS_INVALID, KEY_EXISTS, FILE_*, OUTPUT_NOT_WRITABLE */
export async function addAccount(options: AccountArguments): Promise<MadeAccount> {
  const { accounts: path, fleet, device, homeAssistant } = options;
  const role = oneOf('--role', options.role, roles);
  const wrong = (problem: string) => new CutlineError('USAGE', { problem });
  if ((role === 'device') !== (device !== undefined)) {
    throw wrong(role === 'device' ? 'Name the device with --device.' : `--device is for role device, not ${role}.`);
  }
  if (homeAssistant !== undefined) {
    if (role !== 'device' && role !== 'observer')
      throw wrong(`--home-assistant is for devices, and for an observer that is Home Assistant, not ${role}.`);
    const problem = prefixSchema.safeParse(homeAssistant).error?.issues[0]?.message;
    if (problem !== undefined) throw wrong(`--home-assistant ${JSON.stringify(homeAssistant)}: ${problem}.`);
  }
  const username = options.username ?? device ?? `${fleet}-${role}`;
  requireNames({ '--fleet': fleet, '--device': device, '--username': username });
  const before = (await ifThere(readAccounts(path))) ?? { format: 'cutline.accounts/1', accounts: [] };
  if (before.accounts.some((a) => a.username === username))
    throw new CutlineError('KEY_EXISTS', { path: `${path}: ${username}` });
  const { account, password } = await makeAccount({ username, role, fleet, device, homeAssistant });
  const passwordFile = join(options.out, `${username}.password`);
  await writeNew(passwordFile, `${password}\n`, 0o600);
  const after = accountsSchema.parse({ ...before, accounts: [...before.accounts, account] });
  await writePrivately(path, `${JSON.stringify(after, null, 2)}\n`);
  return { format: 'cutline.broker-account/1', username, role, accounts: path, passwordFile };
}

export interface ExportedAccounts {
  readonly format: 'cutline.broker-config/1';
  readonly files: readonly string[];
}

/** @throws CutlineError USAGE, ACCOUNTS_INVALID, FILE_*, OUTPUT_NOT_WRITABLE */
export async function exportAccounts(path: string, kind: string, folder: string): Promise<ExportedAccounts> {
  const write = { mosquitto: forMosquitto, emqx: forEmqx }[oneOf('--for', kind, ['mosquitto', 'emqx'] as const)];
  const { accounts } = await readAccounts(path);
  const files: string[] = [];
  for (const { name, text, secret } of write(accounts)) {
    const file = join(folder, name);
    await (secret ? writePrivately : writeAtomically)(file, text);
    files.push(file);
  }
  return { format: 'cutline.broker-config/1', files };
}
