import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { modelOptions } from '../model-options.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  name: { type: 'string', describe: "Name of the profile; default: the machine's architecture" },
  out: { type: 'string', describe: 'Where to write it; default profiles/NAME.yaml, `-` for nowhere' },
  broker: { type: 'string', describe: 'mqtt://HOST:PORT: measure the link through this broker too' },
  username: { type: 'string', describe: 'For the broker', implies: 'broker' },
  'password-file': { type: 'string', describe: 'Readable by its owner only', implies: 'username' },
  meter: {
    type: 'string',
    default: 'auto',
    describe:
      'Power meter: auto, ina3221, jetson, pmic, rapl, battery, modelled, none, or http://… of a plug (Shelly, Tasmota)',
  },
  threads: { type: 'number', describe: 'Threads of the engine; default all cores' },
  budget: { type: 'number', default: 60, describe: "Seconds for the model's cuts together" },
  ...modelOptions,
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly model: string | undefined; readonly json?: boolean };

export const profileCommand: CommandModule<object, Arguments> = {
  command: 'profile [model]',
  describe: 'Measure this machine: its operators, power, the link to a broker, and a model at every cut',
  builder: (yargs) =>
    yargs.positional('model', { type: 'string', describe: 'ONNX file to time at every cut' }).options(options),
  handler: async (argv) => {
    const [{ runProfile, profileText }, { fail, print }, { stopSignal }] = await Promise.all([
      import('../run-profile.ts'),
      import('../output.ts'),
      import('../stop.ts'),
    ]);
    const profile = await runProfile(
      {
        model: argv.model,
        name: argv.name,
        out: argv.out,
        broker: argv.broker,
        username: argv.username,
        passwordFile: argv['password-file'],
        meter: argv.meter,
        threads: argv.threads,
        budgetMs: argv.budget * 1000,
        shapes: argv.shape,
        inputs: argv.input,
      },
      stopSignal(),
      (line) => process.stderr.write(`profile: ${line}\n`),
    );
    print(argv.json, profile.profile, () => profileText(profile));
    for (const error of profile.unwritten) fail(error, false);
  },
};
