import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { attackNames, mountedUnasked, optionsOfAttacks, ownOptions } from '../../attacks.ts';
import { codecs } from '../../codecs.ts';
import { threats } from '../../threats.ts';
import { attackerData, engineNames, lossNames } from '../choices.ts';
import { modelOptions } from '../model-options.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  data: {
    type: 'string',
    demandOption: true,
    describe: 'Pictures: a folder, fashion-mnist, mnist:DIR, cifar-10:DIR',
  },
  at: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'Cut to attack, repeatable; every cut when left out',
  },
  threat: {
    choices: threats,
    default: 'white-box' as const,
    describe: 'What the attacker has: a white-box one can also do what weaker ones do',
  },
  attack: {
    array: true,
    nargs: 1,
    choices: attackNames,
    describe: `Attack, repeatable; when left out, all that the threat allows but ${mountedUnasked('none')}, which is slow, and ${mountedUnasked('without-head')} for who has the head`,
  },
  solver: { choices: ['lbfgs', 'adam'] as const, default: 'lbfgs' as const, describe: "rMLE's solver" },
  formula: {
    choices: ['paper', 'code'] as const,
    describe:
      'Total variation as the paper writes it or as its code does; lbfgs then leaves the statistics of pictures aside',
  },
  restarts: {
    type: 'number',
    describe: 'Descents of rMLE with statistics, from grey and then from noise; what fits best is kept. Default 1',
  },
  'lambda-tv': { type: 'string', describe: 'Weight of the total variation, or auto' },
  'learning-rate': { type: 'number', describe: 'For adam' },
  defense: {
    type: 'string',
    array: true,
    nargs: 1,
    default: ['none'],
    describe:
      'Mechanism, repeatable: none, or stages joined by +, as in clip(l2=4)+gauss(sd=0.5x)+quant(bits=4); 0.5x: times the RMS. gauss(leak=0.3): the least noise behind which 60 steps of rMLE leave 24 training pictures a mean SSIM of .3, a starting point that attacks must confirm',
  },
  codec: {
    choices: codecs,
    array: true,
    nargs: 1,
    describe: 'What the wire carries is attacked, repeatable; float32 when left out',
  },
  protocol: {
    type: 'string',
    describe:
      'Attacks, budgets, victims and observations as it asks, and more victims to confirm with: screen, standard, thorough, or a file. Attacks set otherwise than by default, or given less, have screened only',
  },
  observations: {
    type: 'number',
    array: true,
    nargs: 1,
    describe: 'Of one scene, used jointly, repeatable; 1 when left out',
  },
  adaptive: {
    type: 'boolean',
    describe: '--no-adaptive attacks as somebody who does not know the defense: to show the difference, no evidence',
  },
  'max-ssim': {
    type: 'number',
    describe: 'Look for the first cut that is not above, by halves: one open cut refuses all before it unattacked',
  },
  queries: {
    type: 'number',
    array: true,
    nargs: 1,
    describe: 'Pictures the inverse network learns from, repeatable: a sweep; default 3000 or what there is',
  },
  'attacker-data': {
    choices: attackerData,
    default: 'same-set' as const,
    describe: 'Pictures the attacker owns',
  },
  decoder: {
    type: 'string',
    default: 'residual',
    describe: 'Inverse network: residual, paper, or an ONNX file that was trained before',
  },
  loss: { choices: lossNames, default: 'mse+ssim' as const, describe: 'What the decoder learns by' },
  epochs: { type: 'number', describe: 'Of the decoder; default by the number of queries' },
  // Without a type of their own: `optionsOfAttacks` gives them theirs.
  ...(ownOptions as Record<never, never>),
  'memory-gb': {
    type: 'number',
    describe: 'What each attack under way may take for tables and activations; default 3',
  },
  cache: {
    type: 'string',
    describe: 'Folder where finished attacks are kept, so that an audit can go on; --no-cache keeps none',
  },
  'save-decoders': { type: 'string', describe: 'Write trained decoders (ONNX) into this folder' },
  images: { type: 'number', describe: 'Victims, from the test split; default 100' },
  budget: {
    type: 'string',
    describe:
      'Time it may take, such as 90s, 20m or 1.5h: fewer steps, attacks and cuts where that is too short, and it says which. all: everything, however long',
  },
  gallery: {
    type: 'number',
    describe: 'Pictures a reconstruction is looked for among; 1000, or the whole test split, when left out',
  },
  iterations: { type: 'number', describe: 'Steps of the solver' },
  seed: { type: 'number', default: 1, describe: 'Same seed, same numbers' },
  threads: {
    type: 'number',
    describe:
      'Threads in all; default all cores. Cuts are attacked side by side, as many as there are threads and memory',
  },
  engine: {
    choices: engineNames,
    default: 'onnxruntime' as const,
    describe: 'What computes; tfjs needs the npm package @tensorflow/tfjs-node and Node before 23',
  },
  out: { type: 'string', describe: 'Write the result (JSON) here too' },
  sheet: { type: 'string', describe: 'Write the contact sheet (PNG) here' },
  ...modelOptions,
  mean: {
    type: 'string',
    describe: 'Preprocessing, per channel: 0.485,0.456,0.406 (else the model card)',
  },
  std: { type: 'string', describe: 'Preprocessing, per channel' },
  size: { type: 'string', describe: 'Preprocessing: CxHxW, e.g. 3x32x32' },
  layout: { type: 'string', describe: 'Preprocessing: NCHW or NHWC' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly model: string; readonly json?: boolean };

export const auditCommand: CommandModule<object, Arguments> = {
  command: 'audit <model>',
  describe: 'Attack the cuts of a model on real pictures and measure what leaks',
  builder: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' })
      .options(options)
      .epilogue(
        'Ctrl-C stops at the next step and Ctrl-C again at once. Either way finished attacks are kept in the cache, and finished cuts in --out, marked as incomplete. Example: cutline audit model.onnx --data photos/ --at ReLU2 --images 20 --sheet sheet.png',
      ),
  handler: async (argv) => {
    const { runAuditCommand } = await import('../run-audit.ts');
    await runAuditCommand({
      model: argv.model,
      data: argv.data,
      cuts: argv.at,
      threat: argv.threat,
      attacks: argv.attack,
      queries: argv.queries,
      attackerData: argv['attacker-data'],
      decoder: argv.decoder,
      loss: argv.loss,
      epochs: argv.epochs,
      own: optionsOfAttacks(argv),
      memoryGb: argv['memory-gb'],
      cache: argv.cache,
      saveDecoders: argv['save-decoders'],
      solver: argv.solver,
      formula: argv.formula,
      restarts: argv.restarts,
      lambdaTv: argv['lambda-tv'],
      learningRate: argv['learning-rate'],
      defenses: argv.defense,
      codecs: argv.codec,
      protocol: argv.protocol,
      observations: argv.observations,
      adaptive: argv.adaptive,
      maxSsim: argv['max-ssim'],
      images: argv.images,
      budget: argv.budget,
      gallery: argv.gallery,
      iterations: argv.iterations,
      seed: argv.seed,
      threads: argv.threads,
      engine: argv.engine,
      out: argv.out,
      sheet: argv.sheet,
      shapes: argv.shape,
      inputs: argv.input,
      preprocessing: { mean: argv.mean, std: argv.std, size: argv.size, layout: argv.layout },
      json: argv.json,
    });
  },
};
