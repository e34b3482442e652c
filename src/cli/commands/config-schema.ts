import type { CommandModule } from 'yargs';
import type { ConfigKind } from '../run-config-schema.ts';

interface Arguments {
  readonly of: string;
}

export const configSchemaCommand: CommandModule<object, Arguments> = {
  command: 'schema <of>',
  describe: 'Print the JSON Schema of the configuration of an agent, a consumer or a dashboard',
  builder: (yargs) =>
    yargs.positional('of', {
      type: 'string',
      choices: ['agent', 'consumer', 'dashboard'],
      demandOption: true,
      describe: 'Whose',
    }),
  handler: async ({ of }) => {
    const [{ configSchemaOf }] = await Promise.all([import('../run-config-schema.ts')]);
    // With and without --json: it is JSON.
    process.stdout.write(`${JSON.stringify(configSchemaOf(of as ConfigKind), null, 2)}\n`);
  },
};
