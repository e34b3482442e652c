import type { CommandModule } from 'yargs';

export const routesCommand: CommandModule<object, object> = {
  command: 'routes',
  describe: 'Moves of an agent between the routes of its plan: see routes replay',
  handler: async () => {
    const { usageError } = await import('../values.ts');
    throw usageError('Name replay: cutline routes replay LOG --plan PLAN.');
  },
};
