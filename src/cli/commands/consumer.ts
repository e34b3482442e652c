import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { precedence, setOption } from '../set-option.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  config: { type: 'string', demandOption: true, requiresArg: true, describe: 'Configuration, YAML' },
  'give-up-after': {
    type: 'number',
    requiresArg: true,
    describe: 'Seconds without a broker after which to fail; without it the consumer waits for ever',
  },
  ...setOption,
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const consumerCommand: CommandModule<object, Arguments> = {
  command: 'consumer',
  describe: 'Run the tail in the cloud and answer the activations of a fleet',
  builder: (yargs) => yargs.options(options).epilogue(precedence),
  handler: async (argv) => {
    const [{ startConsumer }, { print }, { stopSignal }, { consumerText }] = await Promise.all([
      import('../../cloud/index.ts'),
      import('../output.ts'),
      import('../stop.ts'),
      import('../service-text.ts'),
    ]);
    const summary = await startConsumer({
      configPath: argv.config,
      set: argv.set.map(String),
      giveUpAfterS: argv['give-up-after'],
      log: (line) => process.stderr.write(`consumer: ${line}\n`),
      stop: stopSignal(),
    });
    print(argv.json, summary, () => consumerText(summary));
  },
};
