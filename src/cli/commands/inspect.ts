import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { modelOptions } from '../model-options.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  ...modelOptions,
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly model: string; readonly json?: boolean };

export const inspectCommand: CommandModule<object, Arguments> = {
  command: 'inspect <model>',
  describe: 'List the places where a model can be cut, with what each sends and computes',
  builder: (yargs) =>
    yargs.positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' }).options(options),
  handler: async (argv) => {
    const [{ createEngine }, { inspectModel, inspectionRows, tensorText }, { print, table }, { pictureNamed }] =
      await Promise.all([
        import('../../engine/index.ts'),
        import('../../model/index.ts'),
        import('../output.ts'),
        import('../from-card.ts'),
      ]);
    const engine = await createEngine();
    try {
      const note = (text: string) => process.stderr.write(`inspect: ${text}\n`);
      const report = await inspectModel(argv.model, engine, {
        shapes: argv.shape,
        inputs: argv.input,
        picture: () => pictureNamed(argv.model),
        note,
      });
      print(argv.json, report, () => {
        const { sha256, inputs, outputs, macs, parameters, fixed = [] } = report.model;
        const tensors = (list: typeof inputs) => list.map(tensorText).join(', ');
        const head = [
          `sha256      ${sha256}`,
          `inputs      ${tensors(inputs)}`,
          ...(fixed.length > 0 ? [`fixed       ${tensors(fixed)}`] : []),
          `outputs     ${tensors(outputs)}`,
          `MACs        ${macs.toLocaleString('en')}`,
          `parameters  ${parameters.toLocaleString('en')}`,
        ];
        return [...head, '', table(inspectionRows(report))].join('\n');
      });
    } finally {
      await engine.close();
    }
  },
};
