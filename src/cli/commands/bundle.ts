import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { bundlePlatforms } from '../choices.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  platform: { type: 'string', choices: bundlePlatforms, demandOption: true, describe: 'What the device is' },
  plan: { type: 'string', demandOption: true, describe: 'plan.json, with the head beside it' },
  config: { type: 'string', demandOption: true, describe: 'Configuration of the agent, YAML' },
  out: { type: 'string', demandOption: true, describe: 'Where the archive goes, FILE.tar.gz' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const bundleCommand: CommandModule<object, Arguments> = {
  command: 'bundle',
  describe: 'Pack an agent for a device: Node, programs, plan, head, service and installer in one file',
  builder: (yargs) =>
    yargs.options(options).epilogue('Secrets are not packed: install.sh says which the device needs, and where.'),
  handler: async (argv) => {
    const [{ bundleText, runBundle }, { note, print }] = await Promise.all([
      import('../run-bundle.ts'),
      import('../output.ts'),
    ]);
    const bundle = await runBundle(argv, (line) => note(`bundle: ${line}`));
    print(argv.json, bundle, () => bundleText(bundle));
  },
};
