import { join } from 'node:path';
import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { modelOptions } from '../model-options.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  at: { type: 'string', demandOption: true, requiresArg: true, describe: 'Cut, as inspect lists it' },
  out: { type: 'string', demandOption: true, requiresArg: true, describe: 'Folder for the two files' },
  ...modelOptions,
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly model: string; readonly json?: boolean };

export const splitCommand: CommandModule<object, Arguments> = {
  command: 'split <model>',
  describe: 'Write the two halves of a model: head.onnx for the device, tail.onnx for the cloud',
  builder: (yargs) =>
    yargs.positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' }).options(options),
  handler: async (argv) => {
    const [{ createEngine }, { splitModel }, { print }, { checkOutputs }, { pictureNamed }] = await Promise.all([
      import('../../engine/index.ts'),
      import('../../model/index.ts'),
      import('../output.ts'),
      import('../outputs.ts'),
      import('../from-card.ts'),
    ]);
    const { at, out, shape: shapes, input: inputs } = argv;
    const files = { '--out: head.onnx': join(out, 'head.onnx'), '--out: tail.onnx': join(out, 'tail.onnx') };
    await checkOutputs({ files, inputs: [argv.model] });
    const engine = await createEngine();
    try {
      const note = (text: string) => process.stderr.write(`split: ${text}\n`);
      const picture = () => pictureNamed(argv.model);
      const written = await splitModel(argv.model, engine, { at, out, shapes, inputs, picture, note });
      print(argv.json, written, () =>
        [
          `cut   ${written.cut}`,
          `head  ${written.head}  sha256 ${written.headSha256}`,
          `tail  ${written.tail}  sha256 ${written.tailSha256}`,
        ].join('\n'),
      );
    } finally {
      await engine.close();
    }
  },
};
