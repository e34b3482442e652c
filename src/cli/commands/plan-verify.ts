import type { CommandModule } from 'yargs';
import { inputOption } from '../input-option.ts';

interface Options {
  plan: string;
  protocol: string;
  audit: string | undefined;
  model: string | undefined;
  shape: string[];
  input: string[];
  json?: boolean;
}

export const planVerifyCommand: CommandModule<object, Options> = {
  command: 'verify <plan>',
  describe: 'Hold a plan against its files, its audit, its model, and the protocol that a device demands',
  builder: (yargs) =>
    yargs
      .positional('plan', { type: 'string', describe: 'plan.json', demandOption: true })
      .option('protocol', {
        type: 'string',
        default: 'standard',
        describe: 'What the audit must have done: a shipped name, or a file',
      })
      .option('audit', { type: 'string', describe: 'The audit behind it; default audit.json beside it' })
      .option('model', { type: 'string', describe: 'The ONNX file it was made for' })
      .option('shape', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'As it was planned with: input=1,3,32,32',
      })
      .option('input', inputOption),
  handler: async (argv) => {
    const [{ planVerifyText, runPlanVerify }, { print }] = await Promise.all([
      import('../run-plan-verify.ts'),
      import('../output.ts'),
    ]);
    const result = await runPlanVerify({ ...argv, shapes: argv.shape, inputs: argv.input });
    print(argv.json, result, () => planVerifyText(result));
  },
};
