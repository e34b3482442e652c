import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { modelOptions } from '../model-options.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  at: { type: 'string', demandOption: true, describe: 'Cut: the head up to here is differentiated' },
  out: { type: 'string', demandOption: true, describe: 'File to write' },
  ...modelOptions,
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly model: string; readonly json?: boolean };

export const gradientCommand: CommandModule<object, Arguments> = {
  command: 'gradient <model>',
  describe: 'Write the vector–Jacobian product of a head as an ONNX graph',
  builder: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' })
      .options(options)
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
