import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  out: { type: 'string', default: 'demo-out', describe: 'Folder for report.html and the rest' },
  model: {
    type: 'string',
    describe: 'ONNX file with a model card; the shipped LeNet with a learned code when left out',
  },
  original: {
    type: 'string',
    describe: 'Of a hardened model: what it was made of, for comparison',
  },
  data: { type: 'string', default: 'fashion-mnist', describe: 'Pictures' },
  images: { type: 'number', default: 200, describe: 'Pictures sent through the split model' },
  protocol: {
    type: 'string',
    default: 'demo',
    describe: 'What the attacks do: a shipped name, or a file',
  },
  'max-ssim': {
    type: 'number',
    default: 0.55,
    describe: 'Largest SSIM that an attack, or knowing the answer alone, may reach',
  },
  'max-gain': {
    type: 'number',
    describe: 'Largest SSIM that an attack may reach over knowing the answer alone; 0.05 for the shipped model',
  },
  'max-download-bytes': {
    type: 'number',
    describe: 'What the device can hold of the model; 160000 for the shipped model, everything else when left out',
  },
  'min-accuracy': { type: 'number', default: 0.75, describe: 'Least accuracy that must be left' },
  seed: { type: 'number', default: 1, describe: 'Of the attacks' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly json?: boolean };

export const demoCommand: CommandModule<object, Arguments> = {
  command: 'demo',
  describe: 'Show the whole idea here: profile, attack, plan, and run the plan as three processes',
  builder: (yargs) => yargs.options(options),
  handler: async (argv) => {
    const { runDemoCommand } = await import('../run-demo.ts');
    await runDemoCommand({
      out: argv.out,
      model: argv.model,
      data: argv.data,
      images: argv.images,
      protocol: argv.protocol,
      original: argv.original,
      maxSsim: argv['max-ssim'],
      maxGain: argv['max-gain'],
      maxDownloadBytes: argv['max-download-bytes'],
      minAccuracy: argv['min-accuracy'],
      seed: argv.seed,
      json: argv.json,
    });
  },
};
