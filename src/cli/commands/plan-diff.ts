import type { CommandModule } from 'yargs';

interface Arguments {
  readonly before: string;
  readonly after: string;
  readonly json?: boolean;
}

export const planDiffCommand: CommandModule<object, Arguments> = {
  command: 'diff <before> <after>',
  describe: 'Say in words what changed from one plan to another',
  builder: (yargs) =>
    yargs
      .positional('before', { type: 'string', describe: 'plan.json', demandOption: true })
      .positional('after', { type: 'string', describe: 'plan.json', demandOption: true }),
  handler: async (argv) => {
    const [{ planDiff, readPlan }, { print }] = await Promise.all([
      import('../../plan/index.ts'),
      import('../output.ts'),
    ]);
    const [before, after] = [await readPlan(argv.before), await readPlan(argv.after)];
    const changes = planDiff(before, after);
    const document = { format: 'cutline.plan-diff/1', before: before.planId, after: after.planId, changes };
    print(argv.json, document, () =>
      changes.length === 0 ? 'They are the same.' : changes.map((c) => c.words).join('\n'),
    );
  },
};
