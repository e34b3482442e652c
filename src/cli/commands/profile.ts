import type { CommandModule } from 'yargs';
import { inputOption } from '../input-option.ts';

interface Options {
  model: string | undefined;
  name: string | undefined;
  out: string | undefined;
  broker: string | undefined;
  username: string | undefined;
  'password-file': string | undefined;
  meter: string;
  threads: number | undefined;
  budget: number;
  shape: string[];
  input: string[];
  json?: boolean;
}

export const profileCommand: CommandModule<object, Options> = {
  command: 'profile [model]',
  describe: 'Measure this machine: its operators, power, the link to a broker, and a model at every cut',
  builder: (yargs) =>
    yargs
      .positional('model', { type: 'string', describe: 'ONNX file to time at every cut' })
      .option('name', { type: 'string', describe: "Name of the profile; default: the machine's architecture" })
      .option('out', { type: 'string', describe: 'Where to write it; default profiles/NAME.yaml, `-` for nowhere' })
      .option('broker', { type: 'string', describe: 'mqtt://HOST:PORT: measure the link through this broker too' })
      .option('username', { type: 'string', describe: 'For the broker', implies: 'broker' })
      .option('password-file', { type: 'string', describe: 'Readable by its owner only', implies: 'username' })
      .option('meter', { type: 'string', default: 'auto', describe: 'Power meter: auto, rapl, modelled or none' })
      .option('threads', { type: 'number', describe: 'Threads of the engine; default all cores' })
      .option('budget', { type: 'number', default: 60, describe: "Seconds for the model's cuts together" })
      .option('shape', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Bind dimensions: input=1,3,32,32',
      })
      .option('input', inputOption),
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
