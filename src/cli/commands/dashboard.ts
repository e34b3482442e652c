import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { precedence, setOption } from '../set-option.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  config: { type: 'string', demandOption: true, requiresArg: true, describe: 'Configuration, YAML' },
  ...setOption,
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const dashboardCommand: CommandModule<object, Arguments> = {
  command: 'dashboard',
  describe: 'Show a fleet as a live page: devices, plans and their evidence, latency, power, failures',
  builder: (yargs) => yargs.options(options).epilogue(precedence),
  handler: async (argv) => {
    const [{ startDashboard }, { pageProgram }, { print }, { stopSignal }] = await Promise.all([
      import('../../fleet/index.ts'),
      import('../../page-program.ts'),
      import('../output.ts'),
      import('../stop.ts'),
    ]);
    await startDashboard({
      configPath: argv.config,
      set: argv.set.map(String),
      program: await pageProgram('fleet-page'),
      log: (line) => process.stderr.write(`dashboard: ${line}\n`),
      onReady: (url) => {
        const ready = { format: 'cutline.dashboard/1', url, pid: process.pid };
        print(argv.json, ready, () => `Dashboard ready at ${url}`);
      },
      stop: stopSignal(),
    });
  },
};
