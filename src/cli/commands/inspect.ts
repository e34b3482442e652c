import type { CommandModule } from 'yargs';

interface Options {
  model: string;
  shape: string[];
  json?: boolean;
}

export const inspectCommand: CommandModule<object, Options> = {
  command: 'inspect <model>',
  describe: 'List the places where a model can be cut, with what each sends and computes',
  builder: (yargs) =>
    yargs.positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' }).option('shape', {
      type: 'string',
      array: true,
      default: [],
      nargs: 1,
      describe: 'Shape of an input whose dimensions are symbolic, e.g. input=1,3,32,32; may be repeated',
    }),
  handler: async (argv) => {
    const [{ createEngine }, { inspectModel, inspectionRows, tensorText }, { print, table }] = await Promise.all([
      import('../../engine/index.ts'),
      import('../../model/index.ts'),
      import('../output.ts'),
    ]);
    const engine = await createEngine();
    try {
      const note = (text: string) => process.stderr.write(`inspect: ${text}\n`);
      const report = await inspectModel(argv.model, engine, { shapes: argv.shape, note });
      print(argv.json, report, () => {
        const { sha256, inputs, outputs, macs, parameters } = report.model;
        const tensors = (list: typeof inputs) => list.map(tensorText).join(', ');
        const head = [
          `sha256      ${sha256}`,
          `inputs      ${tensors(inputs)}`,
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
