import type { CommandModule } from 'yargs';

interface Options {
  out: string;
  model: string | undefined;
  data: string;
  images: number;
  victims: number;
  iterations: number;
  'max-ssim': number;
  'min-accuracy': number;
  seed: number;
  json?: boolean;
}

export const demoCommand: CommandModule<object, Options> = {
  command: 'demo',
  describe: 'Show the whole idea here: profile, attack, plan, and run the plan as three processes',
  builder: (yargs) =>
    yargs
      .option('out', { type: 'string', default: 'demo-out', describe: 'Folder for report.html and the rest' })
      .option('model', { type: 'string', describe: 'ONNX file with a model card; the shipped LeNet when left out' })
      .option('data', { type: 'string', default: 'fashion-mnist', describe: 'Pictures' })
      .option('images', { type: 'number', default: 200, describe: 'Pictures sent through the split model' })
      .option('victims', { type: 'number', default: 16, describe: 'Pictures attacked at each cut' })
      .option('iterations', { type: 'number', default: 150, describe: 'Steps of each attack' })
      .option('max-ssim', {
        type: 'number',
        default: 0.55,
        describe: 'Largest SSIM that rMLE, or knowing the answer alone, may reach',
      })
      .option('min-accuracy', { type: 'number', default: 0.75, describe: 'Least accuracy that must be left' })
      .option('seed', { type: 'number', default: 1, describe: 'Of the attacks' }),
  handler: async (argv) => {
    const { runDemoCommand } = await import('../run-demo.ts');
    await runDemoCommand({
      out: argv.out,
      model: argv.model,
      data: argv.data,
      images: argv.images,
      victims: argv.victims,
      iterations: argv.iterations,
      maxSsim: argv['max-ssim'],
      minAccuracy: argv['min-accuracy'],
      seed: argv.seed,
      json: argv.json,
    });
  },
};
