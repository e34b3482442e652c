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
    const [{ startAgent }, { CutlineError }, { fail, note, print }, { stopSignal }, { agentText }] = await Promise.all([
      import('../../device/index.ts'),
      import('../../errors.ts'),
      import('../output.ts'),
      import('../stop.ts'),
      import('../service-text.ts'),
    ]);
    const summary = await startAgent({
      configPath: argv.config,
      set: argv.set.map(String),
      images: argv.images?.map(String),
      resultsPath: argv.results,
      existingResults: argv.overwrite ? 'overwrite' : argv.resume ? 'resume' : 'add',
      isStdoutTaken: argv.json,
      giveUpAfterS: argv['give-up-after'],
      log: (line) => process.stderr.write(`agent: ${line}\n`),
      stop: stopSignal(),
    });
    // Lines of results are alone on standard output.
    if (summary.sinks.some(({ type }) => type === 'stdout')) note(agentText(summary));
    else print(argv.json, summary, () => agentText(summary));
    const { failed, total } = summary.inferences;
    const first = summary.results.find((r) => 'error' in r);
    if (failed > 0 && !summary.stopped) {
      const problem = first && 'error' in first ? first.error.message : '';
      // On stderr only: stdout has its one document.
      fail(new CutlineError('INFERENCES_FAILED', { failed, total, problem }), false);
    }
  },
};
