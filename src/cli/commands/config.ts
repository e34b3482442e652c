import type { CommandModule } from 'yargs';

export const configCommand: CommandModule<object, object> = {
  command: 'config',
  describe: 'Configurations of agents, consumers and dashboards: see config check and config schema',
  handler: async () => {
    const { usageError } = await import('../values.ts');
    throw usageError('Name check or schema: cutline config check FILE, cutline config schema agent.');
  },
};
