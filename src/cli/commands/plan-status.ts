import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  config: { type: 'string', demandOption: true, requiresArg: true, describe: 'Broker and fleet of an operator, YAML' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const planStatusCommand: CommandModule<object, Arguments> = {
  command: 'status',
  describe: 'Say which plan each device of a fleet runs, and what became of the last one pushed',
  builder: (yargs) => yargs.options(options),
  handler: async (argv) => {
    const [{ runPlanStatus, planStatusText }, { print }] = await Promise.all([
      import('../run-plan-status.ts'),
      import('../output.ts'),
    ]);
    const status = await runPlanStatus(argv.config);
    print(argv.json, status, () => planStatusText(status));
  },
};
