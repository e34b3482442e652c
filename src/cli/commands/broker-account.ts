import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  accounts: {
    type: 'string',
    demandOption: true,
    requiresArg: true,
    describe: 'File of accounts; made where it is missing',
  },
  role: {
    type: 'string',
    demandOption: true,
    requiresArg: true,
    describe: 'device; consumer, which answers a fleet; observer, who watches it; operator, who gives it plans',
  },
  fleet: { type: 'string', demandOption: true, requiresArg: true, describe: 'The fleet it belongs to' },
  device: { type: 'string', requiresArg: true, describe: 'Of a device: its name' },
  username: { type: 'string', requiresArg: true, describe: 'Default: the device, or FLEET-ROLE' },
  'home-assistant': {
    type: 'string',
    requiresArg: true,
    describe:
      'Prefix of its discovery (homeassistant): lets the device announce itself there; makes an observer Home Assistant',
  },
  out: { type: 'string', demandOption: true, requiresArg: true, describe: 'Folder for USERNAME.password' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const brokerAccountCommand: CommandModule<object, Arguments> = {
  command: 'account',
  describe: 'Make an account with a password of its own, and the rights of its role',
  builder: (yargs) => yargs.options(options),
  handler: async (argv) => {
    const [{ addAccount }, { print }] = await Promise.all([import('../broker-accounts.ts'), import('../output.ts')]);
    const made = await addAccount({ ...argv, homeAssistant: argv['home-assistant'] });
    print(
      argv.json,
      made,
      () => `${made.role} ${made.username} in ${made.accounts}; its password: ${made.passwordFile}`,
    );
  },
};
