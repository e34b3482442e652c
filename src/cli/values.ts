/** What no option of any command may be, whatever the command: refused here once, in the words of the catalogue. */
import type { Argv, CommandModule } from 'yargs';
import { CutlineError } from '../errors.ts';

/** Names of options by type, as yargs keeps them. */
interface Declared {
  readonly array?: readonly string[];
  readonly number?: readonly string[];
  readonly string?: readonly string[];
  readonly boolean?: readonly string[];
  readonly narg?: Readonly<Record<string, number>>;
}

/** The command with every option that takes a value refusing to go without: yargs would take the default in silence. */
export function withValues<T extends CommandModule>(command: T): T {
  const { builder } = command;
  if (typeof builder !== 'function') return command;
  const positional = new Set([...String(command.command).matchAll(/[<[](\w+)/g)].map(([, name]) => name));
  return {
    ...command,
    builder: async (yargs: Argv) => {
      const built = (await builder(yargs)) as Argv;
      const {
        number = [],
        string = [],
        array = [],
        narg = {},
      } = (built as unknown as { getOptions(): Declared }).getOptions();
      const open = [...new Set([...number, ...string, ...array])].filter((n) => !positional.has(n) && !(n in narg));
      return built.requiresArg(open);
    },
  };
}

/**
 * yargs turns text for a number into NaN, and an option given twice into a list.
 * @throws CutlineError USAGE
 */
export function checkValues(argv: Readonly<Record<string, unknown>>, declared: Declared): true {
  const { array = [], number = [], string = [], boolean = [] } = declared;
  const refuse = (problem: string): never => {
    throw usageError(problem);
  };
  for (const name of new Set([...number, ...string, ...boolean])) {
    const value = argv[name];
    if (Array.isArray(value) && !array.includes(name)) refuse(`${name} is given ${value.length} times; give it once.`);
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (values.includes('')) refuse(`${name} has no value.`);
    if (number.includes(name) && values.some((v) => typeof v === 'number' && !Number.isFinite(v)))
      refuse(`${name} wants a number.`);
  }
  return true;
}

/** A mistake in the options, in one sentence: yargs writes some on several lines. */
export function usageError(message: string): CutlineError {
  const problem = message.replaceAll(/\s*\n\s*/g, ' ').replace(/[.?]?$/, (end) => end || '.');
  return new CutlineError('USAGE', { problem: `${problem} See cutline --help.` });
}
