import type { CommandModule } from 'yargs';
import { inputOption } from '../input-option.ts';

interface Options {
  model: string;
  at: string;
  out: string;
  shape: string[];
  input: string[];
  json?: boolean;
}

export const gradientCommand: CommandModule<object, Options> = {
  command: 'gradient <model>',
  describe: 'Write the vector–Jacobian product of a head as an ONNX graph',
  builder: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' })
      .option('at', { type: 'string', demandOption: true, describe: 'Cut: the head up to here is differentiated' })
      .option('out', { type: 'string', demandOption: true, describe: 'File to write' })
      .option('shape', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Bind dimensions: input=1,3,32,32',
      })
      .option('input', inputOption)
      .epilogue(
        'The graph takes the model’s inputs and cotangent:<tensor>; it gives gradient:<input>. Any ONNX runtime runs it.',
      ),
  handler: async (argv) => {
    const { runGradient } = await import('../run-gradient.ts');
    await runGradient({
      model: argv.model,
      at: argv.at,
      out: argv.out,
      shapes: argv.shape,
      inputs: argv.input,
      json: argv.json,
    });
  },
};
