/** Reads the command line and runs what it names, of the commands that there are. */
import type { CommandModule } from 'yargs';
import yargs from 'yargs';
import { fail, guardOutput } from './output.ts';
import { checkValues, usageError, withValues } from './values.ts';
import { version } from './version.ts';

export interface CommandSet {
  // biome-ignore lint/suspicious/noExplicitAny: yargs' own type for a list of commands with differing options
  readonly commands: readonly CommandModule<any, any>[];
  /** Of two words; yargs would hand the second all options of the first. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly nested: Readonly<Record<string, CommandModule<any, any>>>;
}

export async function runCommandOf(
  { commands, nested: nestedCommands }: CommandSet,
  argv: readonly string[],
): Promise<void> {
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
