/** All commands but the page of help. Command files are light: each loads what it needs when it runs. */
import type { CommandModule } from 'yargs';
import yargs from 'yargs';
import { agentCommand } from './commands/agent.ts';
import { auditCommand } from './commands/audit.ts';
import { brokerCommand } from './commands/broker.ts';
import { brokerAccountCommand } from './commands/broker-account.ts';
import { brokerConfigCommand } from './commands/broker-config.ts';
import { configCommand } from './commands/config.ts';
import { configCheckCommand } from './commands/config-check.ts';
import { configSchemaCommand } from './commands/config-schema.ts';
import { consumerCommand } from './commands/consumer.ts';
import { dataCommand } from './commands/data.ts';
import { demoCommand } from './commands/demo.ts';
import { gradientCommand } from './commands/gradient.ts';
import { hardenCommand } from './commands/harden.ts';
import { inspectCommand } from './commands/inspect.ts';
import { keysCommand } from './commands/keys.ts';
import { planCommand } from './commands/plan.ts';
import { planDiffCommand } from './commands/plan-diff.ts';
import { planSignCommand } from './commands/plan-sign.ts';
import { planVerifyCommand } from './commands/plan-verify.ts';
import { profileCommand } from './commands/profile.ts';
import { splitCommand } from './commands/split.ts';
import { trainCommand } from './commands/train.ts';
import { fail, guardOutput } from './output.ts';
import { checkValues, usageError, withValues } from './values.ts';
import { version } from './version.ts';

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
  configCommand,
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
  'broker account': brokerAccountCommand,
  'broker config': brokerConfigCommand,
  'config check': configCheckCommand,
  'config schema': configSchemaCommand,
};

export async function runCommand(argv: readonly string[]): Promise<void> {
  const json = argv.some((a) => a === '--json' || a === '--json=true');
  guardOutput();
  const nested = nestedCommands[argv.slice(0, 2).join(' ')];
  try {
    let parser = yargs(argv.slice(nested ? 1 : 0))
      .scriptName(nested ? `cutline ${argv[0]}` : 'cutline')
      .usage(
        '$0 <command> [options]\n\nSplit inference that is safe to deploy: measure what leaks at every cut, then choose one.',
      )
      .version(version())
      .option('json', { type: 'boolean', global: true, describe: 'Print one JSON document on stdout and nothing else' })
      .completion('completion', 'Print a completion script for bash or zsh')
      .demandCommand(1, 'Name a command.')
      .strict()
      .recommendCommands()
      .check(checkValues)
      .wrap(100)
      .epilogue('Exit codes: 0 done, 1 failed, 2 usage or bad input, 3 no feasible plan.')
      .fail((message, error) => {
        throw error ?? usageError(message);
      });
    for (const c of nested ? [nested] : commands) parser = parser.command(withValues(c));
    await parser.parseAsync();
  } catch (error) {
    // Some of yargs' own complaints come as errors of a class it does not export.
    fail(error instanceof Error && error.name === 'YError' ? usageError(error.message) : error, json);
  }
}
