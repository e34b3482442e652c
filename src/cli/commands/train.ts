import type { CommandModule } from 'yargs';

interface Options {
  network: 'lenet' | 'cifar10cnn';
  data: string | undefined;
  epochs: number | undefined;
  batch: number;
  'learning-rate': number;
  'halve-every': number;
  'augment-shift': number | undefined;
  seed: number;
  threads: number | undefined;
  out: string | undefined;
  json?: boolean;
}

/** What suits each network where the user says nothing. */
const defaults = {
  lenet: { data: 'fashion-mnist', epochs: 8, augmentShift: 0 },
  cifar10cnn: { data: 'cifar-10:data/cifar-10', epochs: 14, augmentShift: 3 },
} as const;

export const trainCommand: CommandModule<object, Options> = {
  command: 'train <network>',
  describe: 'Train a reference network (lenet, cifar10cnn) and write it with its model card',
  builder: (y) =>
    y
      .positional('network', {
        choices: ['lenet', 'cifar10cnn'] as const,
        demandOption: true,
        describe: 'Network to train',
      })
      .option('data', { type: 'string', describe: 'Data set: fashion-mnist, mnist:DIR, cifar-10:DIR, or a folder' })
      .option('epochs', { type: 'number', describe: 'Passes over the training split' })
      .option('batch', { type: 'number', default: 64, describe: 'Pictures a step' })
      .option('learning-rate', {
        type: 'number',
        default: 1e-3,
        describe: 'Adam learning rate',
      })
      .option('halve-every', {
        type: 'number',
        default: 20,
        describe: 'Halve the learning rate after so many epochs, again and again',
      })
      .option('augment-shift', {
        type: 'number',
        describe: 'Mirror pictures and shift them by up to so many pixels; 0 for none',
      })
      .option('seed', { type: 'number', default: 1, describe: 'Same seed, same network' })
      .option('threads', { type: 'number', describe: 'Threads; all cores when left out' })
      .option('out', { type: 'string', describe: 'File to write; models/<network>-<data>.onnx when left out' })
      .epilogue('Example: cutline train lenet --data mnist:DIR --epochs 8'),
  handler: async (argv) => {
    const { runTrain } = await import('../run-train.ts');
    const own = defaults[argv.network];
    await runTrain({
      network: argv.network,
      data: argv.data ?? own.data,
      epochs: argv.epochs ?? own.epochs,
      batch: argv.batch,
      learningRate: argv['learning-rate'],
      halveEvery: argv['halve-every'],
      augmentShift: argv['augment-shift'] ?? own.augmentShift,
      seed: argv.seed,
      threads: argv.threads,
      out: argv.out,
      json: argv.json,
    });
  },
};
