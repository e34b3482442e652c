import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { precedence, setOption } from '../set-option.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  of: {
    type: 'string',
    choices: ['agent', 'consumer', 'dashboard'] as const,
    describe:
      'Whose configuration it is; default agent where it names a device, dashboard where it names no plan to run',
  },
  ...setOption,
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly file: string; readonly json?: boolean };

export const configCheckCommand: CommandModule<object, Arguments> = {
  command: 'check <file>',
  describe: 'Open everything that a configuration names, as a start does, and connect to nothing',
  builder: (yargs) =>
    yargs
      .positional('file', { type: 'string', describe: 'Configuration, YAML', demandOption: true })
      .options(options)
      .epilogue(precedence),
  handler: async (argv) => {
    const [{ configText, runConfigCheck }, { print }] = await Promise.all([
      import('../run-config-check.ts'),
      import('../output.ts'),
    ]);
    const checked = await runConfigCheck(argv.file, argv.of, { env: process.env, set: argv.set.map(String) });
    print(argv.json, checked, () => configText(checked));
  },
};
