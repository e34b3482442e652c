import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { precedence, setOption } from '../set-option.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  config: { type: 'string', demandOption: true, requiresArg: true, describe: 'Configuration, YAML' },
  images: {
    type: 'array',
    describe: 'Image files or folders of them, in place of those of the configuration',
  },
  results: {
    type: 'string',
    requiresArg: true,
    describe:
      'Write one JSON line an inference, with the outputs, to this file; what it has answered is not done again',
  },
  resume: {
    type: 'boolean',
    default: true,
    describe: '--no-resume does everything again and adds to the results that are there',
  },
  overwrite: { type: 'boolean', implies: 'results', describe: 'Begin the results anew; what is there is lost' },
  'give-up-after': {
    type: 'number',
    requiresArg: true,
    describe: 'Seconds without a broker after which to fail; without it the agent waits for ever',
  },
  ...setOption,
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const agentCommand: CommandModule<object, Arguments> = {
  command: 'agent',
  describe: 'Run the head on this device and send defended activations to the cloud',
  builder: (yargs) => yargs.options(options).epilogue(precedence),
  handler: async (argv) => {
    const { runAgentCommand } = await import('../run-agent.ts');
    await runAgentCommand({ ...argv, set: argv.set.map(String), images: argv.images?.map(String) });
  },
};
