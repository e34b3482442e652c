import type { CommandModule } from 'yargs';

interface Options {
  config: string;
  'give-up-after': number | undefined;
  json?: boolean;
}

export const consumerCommand: CommandModule<object, Options> = {
  command: 'consumer',
  describe: 'Run the tail in the cloud and answer the activations of a fleet',
  builder: (yargs) =>
    yargs
      .option('config', { type: 'string', demandOption: true, requiresArg: true, describe: 'Configuration, YAML' })
      .option('give-up-after', {
        type: 'number',
        requiresArg: true,
        describe: 'Seconds without a broker after which to fail; without it the consumer waits for ever',
      }),
  handler: async (argv) => {
    const [{ startConsumer }, { print }, { stopSignal }, { consumerText }] = await Promise.all([
      import('../../cloud/index.ts'),
      import('../output.ts'),
      import('../stop.ts'),
      import('../service-text.ts'),
    ]);
    const summary = await startConsumer({
      configPath: argv.config,
      giveUpAfterS: argv['give-up-after'],
      log: (line) => process.stderr.write(`consumer: ${line}\n`),
      stop: stopSignal(),
    });
    print(argv.json, summary, () => consumerText(summary));
  },
};
