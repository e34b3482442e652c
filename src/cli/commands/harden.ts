import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { answerKinds, defaultMemoryGb, levelChoices, tuneChoices } from '../choices.ts';
import { modelOptions } from '../model-options.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  at: { type: 'string', demandOption: true, describe: 'Cut that the code is put in at; cutline inspect lists them' },
  bits: {
    type: 'string',
    array: true,
    nargs: 1,
    demandOption: true,
    describe: 'Bits of a code, repeatable or with commas: one training serves several rates, most bits first',
  },
  data: {
    type: 'string',
    demandOption: true,
    describe: 'Pictures to learn from and to be judged by: a folder, fashion-mnist, mnist:DIR, cifar-10:DIR',
  },
  out: { type: 'string', demandOption: true, describe: 'Folder for hardened.onnx, its card and evidence.json' },
  levels: { choices: levelChoices, default: 4 as const, describe: 'Levels of each value of a code' },
  epochs: { type: 'number', describe: 'Passes over the pictures; when left out 12, or as many as 3000 steps take' },
  batch: { type: 'number', default: 64, describe: 'Pictures a step' },
  'learning-rate': { type: 'number', default: 1e-3, describe: 'Of Adam; it falls along a cosine' },
  'fine-tune': {
    type: 'number',
    default: 0.3,
    describe: 'Share of the learning rate for what the network itself learns; 0 leaves it as it is',
  },
  views: {
    type: 'number',
    default: 4,
    describe: 'How often each picture is looked at, mirrored and shifted a little; fewer where memory is short',
  },
  width: { type: 'number', default: 96, describe: 'Channels inside encoder and decoder' },
  blocks: { type: 'number', default: 0, describe: 'Residual blocks of the encoder: early cuts need some' },
  tune: {
    choices: tuneChoices,
    default: 'tail' as const,
    describe: 'What learns besides the code: the cloud’s part, or the head on the device as well, which takes longer',
  },
  adversary: {
    type: 'number',
    default: 1.5,
    describe: 'Weight of a decoder that learns along and is to fail; 0 for none',
  },
  entropy: { type: 'number', default: 0, describe: 'Weight of the conditional entropy of codes given the answer' },
  correlation: { type: 'number', default: 0, describe: 'Weight of the distance correlation of codes and pictures' },
  reidentification: {
    type: 'number',
    default: 0,
    describe: 'Weight of somebody who learns along to find pictures again by their codes, and is to fail; 0 for none',
  },
  answer: {
    choices: answerKinds,
    describe: 'What has to stay: the chosen class, a direction, or every number; guessed when left out',
  },
  labels: { type: 'boolean', default: false, describe: 'Learn from the labels too, where there are some' },
  'min-utility': {
    type: 'number',
    describe: 'Accuracy, agreement or cosine that must be left, 0 to 1: exit 3 where it is not',
  },
  protocol: {
    type: 'string',
    default: 'standard',
    describe: 'By which codes are judged afterwards, by attackers that never met the training',
  },
  evidence: { type: 'boolean', default: true, describe: '--no-evidence trains and does not judge' },
  pictures: { type: 'number', describe: 'Pictures to learn from; all when left out' },
  resume: { type: 'boolean', default: false, describe: 'Go on where a training in --out was stopped' },
  seed: { type: 'number', default: 1, describe: 'Same seed, same code' },
  'memory-gb': {
    type: 'number',
    default: defaultMemoryGb,
    describe: 'What features of the frozen head, answers and pictures may take',
  },
  threads: { type: 'number', describe: 'Threads; all cores when left out' },
  ...modelOptions,
  mean: { type: 'string', describe: 'Preprocessing, per channel: 0.485,0.456,0.406 (else the model card)' },
  std: { type: 'string', describe: 'Preprocessing, per channel' },
  size: { type: 'string', describe: 'Preprocessing: CxHxW, e.g. 3x32x32' },
  layout: { type: 'string', describe: 'Preprocessing: NCHW or NHWC' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly model: string; readonly json?: boolean };

export const hardenCommand: CommandModule<object, Arguments> = {
  command: 'harden <model>',
  describe: 'Put a learned code in at a cut, that keeps the answer and loses the picture',
  builder: (y) =>
    y
      .positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' })
      .options(options)
      .epilogue(
        'Ctrl-C keeps the best so far. Example: cutline harden model.onnx --at pool2 --bits 256,128 --data photos/ --out hardened/',
      ),
  handler: async (argv) => {
    const { runHarden } = await import('../run-harden.ts');
    await runHarden({
      model: argv.model,
      at: argv.at,
      bits: argv.bits,
      data: argv.data,
      out: argv.out,
      levels: argv.levels,
      epochs: argv.epochs,
      batch: argv.batch,
      learningRate: argv['learning-rate'],
      fineTune: argv['fine-tune'],
      views: argv.views,
      size: { width: argv.width, blocks: argv.blocks },
      tune: argv.tune,
      adversary: {
        decoder: argv.adversary,
        entropy: argv.entropy,
        correlation: argv.correlation,
        reidentification: argv.reidentification,
      },
      answer: argv.answer,
      labels: argv.labels,
      minUtility: argv['min-utility'],
      protocol: argv.evidence ? argv.protocol : undefined,
      pictures: argv.pictures,
      resume: argv.resume,
      seed: argv.seed,
      memoryGb: argv['memory-gb'],
      threads: argv.threads,
      shapes: argv.shape,
      inputs: argv.input,
      preprocessing: { mean: argv.mean, std: argv.std, size: argv.size, layout: argv.layout },
      json: argv.json,
    });
  },
};
