import { join } from 'node:path';
import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  out: { type: 'string', demandOption: true, requiresArg: true, describe: 'Folder for the two files' },
  name: { type: 'string', default: 'plan', requiresArg: true, describe: 'NAME.key and NAME.pub' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const keysCommand: CommandModule<object, Arguments> = {
  command: 'keys',
  describe: 'Make a pair of keys: a private one that signs plans, a public one for agents and consumers',
  builder: (yargs) => yargs.options(options),
  handler: async (argv) => {
    const [{ makeKeys }, { print }] = await Promise.all([import('../make-keys.ts'), import('../output.ts')]);
    const made = await makeKeys(argv.out, argv.name);
    print(argv.json, made, () =>
      [
        `key ${made.key}`,
        `  ${made.privateKey}  signs plans (cutline plan sign); keep it where no device and no cloud can read it`,
        `  ${made.publicKey}  for planKeys of agents and consumers: ${join('…', `${argv.name}.pub`)}`,
      ].join('\n'),
    );
  },
};
