import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  key: { type: 'string', demandOption: true, requiresArg: true, describe: 'Private key, as cutline keys makes it' },
  'expires-in': { type: 'string', requiresArg: true, describe: 'How long it may run from now on, such as 90d or 12h' },
  'new-serial': {
    type: 'boolean',
    default: false,
    describe: 'Issue it as the newest, so that devices go back to it from a later plan',
  },
  out: { type: 'string', requiresArg: true, describe: 'Where to write it; default in its own place' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly plan: string; readonly json?: boolean };

export const planSignCommand: CommandModule<object, Arguments> = {
  command: 'sign <plan>',
  describe: 'Sign a plan, so that agents and consumers that trust the key run it',
  builder: (yargs) =>
    yargs.positional('plan', { type: 'string', describe: 'plan.json', demandOption: true }).options(options),
  handler: async (argv) => {
    const [{ runPlanSign }, { print }] = await Promise.all([import('../run-plan-sign.ts'), import('../output.ts')]);
    const signed = await runPlanSign(
      { ...argv, expiresIn: argv['expires-in'], newSerial: argv['new-serial'] },
      Date.now(),
    );
    print(argv.json, signed, () => {
      const { planId, serial, expires, key, path } = signed;
      return `plan ${planId}, serial ${serial}, ${expires === null ? 'without end' : `until ${expires}`}, signed by ${key}: ${path}`;
    });
  },
};
