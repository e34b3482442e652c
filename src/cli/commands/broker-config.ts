import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  accounts: {
    type: 'string',
    demandOption: true,
    requiresArg: true,
    describe: 'File of accounts (cutline broker account)',
  },
  for: { type: 'string', demandOption: true, requiresArg: true, describe: 'mosquitto or emqx' },
  out: { type: 'string', demandOption: true, requiresArg: true, describe: 'Folder for the files' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const brokerConfigCommand: CommandModule<object, Arguments> = {
  command: 'config',
  describe: 'Write accounts and their rights as another broker takes them',
  builder: (yargs) => yargs.options(options),
  handler: async (argv) => {
    const [{ exportAccounts }, { print }] = await Promise.all([
      import('../broker-accounts.ts'),
      import('../output.ts'),
    ]);
    const written = await exportAccounts(argv.accounts, argv.for, argv.out);
    print(argv.json, written, () => written.files.join('\n'));
  },
};
