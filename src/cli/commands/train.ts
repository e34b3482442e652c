import type { CommandModule, InferredOptionTypes, Options } from 'yargs';

/** What the command takes; its help, defaults and types follow. */
const options = {
  data: { type: 'string', describe: 'Data set: fashion-mnist, mnist:DIR, cifar-10:DIR, or a folder' },
  epochs: { type: 'number', describe: 'Passes over the training split' },
  batch: { type: 'number', describe: 'Pictures a step; 64 when left out' },
  'learning-rate': {
    type: 'number',
    describe: 'Adam learning rate; 0.001, for the autoencoder 0.002, when left out',
  },
  'halve-every': {
    type: 'number',
    default: 20,
    describe: 'Halve the learning rate after so many epochs, again and again',
  },
  'augment-shift': {
    type: 'number',
    describe: 'Mirror pictures and shift them by up to so many pixels; 0 for none',
  },
  code: { type: 'number', describe: 'Autoencoder: numbers a picture is made of' },
  pictures: {
    type: 'number',
    describe: 'Autoencoder: pictures to learn from, at most 20000 when left out',
  },
  size: { type: 'string', describe: 'Autoencoder: bring pictures to CxHxW, e.g. 3x32x32' },
  seed: { type: 'number', default: 1, describe: 'Same seed, same network' },
  threads: { type: 'number', describe: 'Threads; all cores when left out' },
  out: {
    type: 'string',
    describe: 'File to write; models/<network>-<data>.onnx, models/generator-<data>.onnx, when left out',
  },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & {
  readonly network: 'lenet' | 'cifar10cnn' | 'autoencoder';
  readonly json?: boolean;
};

/** What suits each network where the user says nothing. */
const defaults = {
  lenet: { data: 'fashion-mnist', epochs: 8, augmentShift: 0 },
  cifar10cnn: { data: 'cifar-10:data/cifar-10', epochs: 14, augmentShift: 3 },
} as const;

export const trainCommand: CommandModule<object, Arguments> = {
  command: 'train <network>',
  describe: 'Train a reference network, or a generator of pictures (autoencoder), and write it with its card',
  builder: (y) =>
    y
      .positional('network', {
        choices: ['lenet', 'cifar10cnn', 'autoencoder'] as const,
        demandOption: true,
        describe: 'Network to train',
      })
      .options(options)
      .epilogue('Example: cutline train lenet --data mnist:DIR --epochs 8'),
  handler: async (argv) => {
    const { network, epochs, seed, threads, out, json } = argv;
    if (network === 'autoencoder') {
      const { runTrainAutoencoder } = await import('../run-train-autoencoder.ts');
      const { data = 'fashion-mnist', size, pictures, code, batch } = argv;
      const learningRate = argv['learning-rate'];
      await runTrainAutoencoder({ data, size, pictures, code, epochs, batch, learningRate, seed, threads, out, json });
      return;
    }
    const { runTrain } = await import('../run-train.ts');
    const own = defaults[network];
    await runTrain({
      network,
      data: argv.data ?? own.data,
      epochs: epochs ?? own.epochs,
      batch: argv.batch ?? 64,
      learningRate: argv['learning-rate'] ?? 1e-3,
      halveEvery: argv['halve-every'],
      augmentShift: argv['augment-shift'] ?? own.augmentShift,
      seed,
      threads,
      out,
      json,
    });
  },
};
