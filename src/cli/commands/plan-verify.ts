import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { modelOptions } from '../model-options.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  protocol: {
    type: 'string',
    default: 'standard',
    describe: 'What the audit must have done: a shipped name, or a file',
  },
  audit: { type: 'string', describe: 'The audit behind it; default audit.json beside it' },
  key: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'Public key (cutline keys) that must have signed it; repeat where several may have',
  },
  model: { type: 'string', describe: 'The ONNX file it was made for' },
  ...modelOptions,
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly plan: string; readonly json?: boolean };

export const planVerifyCommand: CommandModule<object, Arguments> = {
  command: 'verify <plan>',
  describe: 'Hold a plan against its files, its audit, its model, and the protocol that a device demands',
  builder: (yargs) =>
    yargs.positional('plan', { type: 'string', describe: 'plan.json', demandOption: true }).options(options),
  handler: async (argv) => {
    const [{ planVerifyText, runPlanVerify }, { print }] = await Promise.all([
      import('../run-plan-verify.ts'),
      import('../output.ts'),
    ]);
    const result = await runPlanVerify({ ...argv, keys: argv.key, shapes: argv.shape, inputs: argv.input });
    print(argv.json, result, () => planVerifyText(result));
  },
};
