import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  plan: { type: 'string', describe: 'plan.json that ran then', demandOption: true },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly log: string; readonly json?: boolean };

export const routesReplayCommand: CommandModule<object, Arguments> = {
  command: 'replay <log>',
  describe: 'Decide the moves of a recording again, on what the agent saw then, and say whether they are the same',
  builder: (yargs) =>
    yargs
      .positional('log', { type: 'string', describe: 'What routes.log of an agent names', demandOption: true })
      .options(options),
  handler: async (argv) => {
    const [{ replayText, runRoutesReplay }, { print }] = await Promise.all([
      import('../run-routes-replay.ts'),
      import('../output.ts'),
    ]);
    const replayed = await runRoutesReplay(argv.log, argv.plan);
    print(argv.json, replayed, () => replayText(replayed));
  },
};
