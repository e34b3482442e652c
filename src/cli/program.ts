/** All commands but the page of help. Command files are light: each loads what it needs when it runs. */
import type { CommandModule } from 'yargs';
import { agentCommand } from './commands/agent.ts';
import { auditCommand } from './commands/audit.ts';
import { brokerCommand } from './commands/broker.ts';
import { brokerAccountCommand } from './commands/broker-account.ts';
import { brokerConfigCommand } from './commands/broker-config.ts';
import { bundleCommand } from './commands/bundle.ts';
import { configCommand } from './commands/config.ts';
import { configCheckCommand } from './commands/config-check.ts';
import { configSchemaCommand } from './commands/config-schema.ts';
import { consumerCommand } from './commands/consumer.ts';
import { dashboardCommand } from './commands/dashboard.ts';
import { dataCommand } from './commands/data.ts';
import { demoCommand } from './commands/demo.ts';
import { gradientCommand } from './commands/gradient.ts';
import { hardenCommand } from './commands/harden.ts';
import { inspectCommand } from './commands/inspect.ts';
import { keysCommand } from './commands/keys.ts';
import { planCommand } from './commands/plan.ts';
import { planDiffCommand } from './commands/plan-diff.ts';
import { planPushCommand } from './commands/plan-push.ts';
import { planSignCommand } from './commands/plan-sign.ts';
import { planStatusCommand } from './commands/plan-status.ts';
import { planVerifyCommand } from './commands/plan-verify.ts';
import { profileCommand } from './commands/profile.ts';
import { routesCommand } from './commands/routes.ts';
import { routesReplayCommand } from './commands/routes-replay.ts';
import { splitCommand } from './commands/split.ts';
import { trainCommand } from './commands/train.ts';
import { runCommandOf } from './run-command.ts';

// biome-ignore lint/suspicious/noExplicitAny: yargs' own type for a list of commands with differing options
export const commands: CommandModule<any, any>[] = [
  demoCommand,
  inspectCommand,
  auditCommand,
  hardenCommand,
  profileCommand,
  planCommand,
  keysCommand,
  splitCommand,
  agentCommand,
  consumerCommand,
  brokerCommand,
  dashboardCommand,
  configCommand,
  routesCommand,
  bundleCommand,
  gradientCommand,
  trainCommand,
  dataCommand,
];

/** Commands of two words; yargs would hand the second all options of the first. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export const nestedCommands: Readonly<Record<string, CommandModule<any, any>>> = {
  'plan verify': planVerifyCommand,
  'plan sign': planSignCommand,
  'plan diff': planDiffCommand,
  'plan push': planPushCommand,
  'plan status': planStatusCommand,
  'broker account': brokerAccountCommand,
  'broker config': brokerConfigCommand,
  'config check': configCheckCommand,
  'config schema': configSchemaCommand,
  'routes replay': routesReplayCommand,
};

export const runCommand = (argv: readonly string[]): Promise<void> =>
  runCommandOf({ commands, nested: nestedCommands }, argv);
