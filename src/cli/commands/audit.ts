import type { CommandModule } from 'yargs';
import type { EngineName } from '../../engine/index.ts';
import type {
  Alignment,
  AttackerData,
  HeadStructure,
  LossName,
  ShadowInversion,
  SubstituteInversion,
  Threat,
} from '../../privacy/attacks/index.ts';
import type { AttackName } from '../../privacy/audit/index.ts';
import type { GeneratorMakes } from '../attack-options.ts';
import { inputOption } from '../input-option.ts';

// As `privacy` has them, which is not loaded for a page of help; their types compare.
const threats = ['white-box', 'black-box', 'query-free', 'answer-only'] as const satisfies Threat[];
const attackNames = [
  'rmle',
  'inverse-network',
  'hybrid',
  'latent',
  'deep-prior',
  'substitute',
  'shadow',
  'answer',
] as const satisfies AttackName[];
const attackerData = ['same-set', 'same-distribution', 'gaussian', 'synthetic'] as const satisfies AttackerData[];
const generatorMakes = ['inputs', 'pixels', 'signed-pixels'] as const satisfies GeneratorMakes[];
const structures = ['known', 'paper', 'generated'] as const satisfies HeadStructure[];
const inversions = ['decoder', 'rmle'] as const satisfies ShadowInversion[];
const substituteInversions = ['auto', 'rmle', 'hybrid'] as const satisfies SubstituteInversion[];
const alignments = ['none', 'moments'] as const satisfies Alignment[];
const engineNames = ['onnxruntime', 'tfjs'] as const satisfies EngineName[];
const lossNames = ['mse', 'mse+ssim'] as const satisfies LossName[];

interface Options {
  model: string;
  data: string;
  at: string[] | undefined;
  attack: AttackName[] | undefined;
  solver: 'lbfgs' | 'adam';
  formula: 'paper' | 'code' | undefined;
  restarts: number | undefined;
  'lambda-tv': string | undefined;
  'learning-rate': number | undefined;
  defense: string[];
  threat: Threat;
  queries: number[] | undefined;
  'attacker-data': AttackerData;
  decoder: string;
  loss: LossName;
  epochs: number | undefined;
  'substitute-structure': HeadStructure;
  'substitute-inversion': SubstituteInversion;
  'substitute-epochs': number | undefined;
  'shadow-structure': HeadStructure;
  'shadow-inversion': ShadowInversion;
  alignment: Alignment;
  'shadow-epochs': number | undefined;
  shadows: number | undefined;
  generator: string | undefined;
  'generator-makes': GeneratorMakes | undefined;
  'memory-gb': number | undefined;
  cache: string | false | undefined;
  'save-decoders': string | undefined;
  images: number | undefined;
  budget: string | undefined;
  gallery: number | undefined;
  iterations: number | undefined;
  seed: number;
  threads: number | undefined;
  engine: EngineName;
  out: string | undefined;
  sheet: string | undefined;
  shape: string[];
  input: string[];
  mean: string | undefined;
  std: string | undefined;
  size: string | undefined;
  layout: string | undefined;
  json?: boolean;
}

export const auditCommand: CommandModule<object, Options> = {
  command: 'audit <model>',
  describe: 'Attack the cuts of a model on real pictures and measure what leaks',
  builder: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' })
      .option('data', {
        type: 'string',
        demandOption: true,
        describe: 'Pictures: a folder, fashion-mnist, mnist:DIR, cifar-10:DIR',
      })
      .option('at', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'Cut to attack, repeatable; every cut when left out',
      })
      .option('threat', {
        choices: threats,
        default: 'white-box' as const,
        describe: 'What the attacker has: a white-box one can also do what weaker ones do',
      })
      .option('attack', {
        array: true,
        nargs: 1,
        choices: attackNames,
        describe:
          'Attack, repeatable; when left out, all that the threat allows but deep-prior, which is slow, and substitute for who has the head',
      })
      .option('solver', { choices: ['lbfgs', 'adam'] as const, default: 'lbfgs' as const, describe: "rMLE's solver" })
      .option('formula', {
        choices: ['paper', 'code'] as const,
        describe:
          'Total variation as the paper writes it or as its code does; lbfgs then leaves the statistics of pictures aside',
      })
      .option('restarts', {
        type: 'number',
        describe: 'Descents of rMLE with statistics, from grey and then from noise; what fits best is kept. Default 1',
      })
      .option('lambda-tv', { type: 'string', describe: 'Weight of the total variation, or auto' })
      .option('learning-rate', { type: 'number', describe: 'For adam' })
      .option('defense', {
        type: 'string',
        array: true,
        nargs: 1,
        default: ['none'],
        describe:
          'Mechanism, repeatable: none, or stages joined by +, as in clip(l2=4)+gauss(sd=0.5x)+quant(bits=4); 0.5x: times the RMS',
      })
      .option('queries', {
        type: 'number',
        array: true,
        nargs: 1,
        describe: 'Pictures the inverse network learns from, repeatable: a sweep; default 3000 or what there is',
      })
      .option('attacker-data', {
        choices: attackerData,
        default: 'same-set' as const,
        describe: 'Pictures the attacker owns',
      })
      .option('decoder', {
        type: 'string',
        default: 'residual',
        describe: 'Inverse network: residual, paper, or an ONNX file that was trained before',
      })
      .option('loss', { choices: lossNames, default: 'mse+ssim' as const, describe: 'What the decoder learns by' })
      .option('epochs', { type: 'number', describe: 'Of the decoder; default by the number of queries' })
      .option('substitute-structure', {
        choices: structures,
        default: 'known' as const,
        describe:
          'What an attacker who makes himself a substitute of the head by asking knows of it: its layers, or nothing',
      })
      .option('substitute-inversion', {
        choices: substituteInversions,
        default: 'auto' as const,
        describe:
          'Where its descent begins: at grey, where the inverse network ended, or what does better on own pictures',
      })
      .option('substitute-epochs', { type: 'number', describe: 'Of the substitute; default by what an epoch costs' })
      .option('shadow-structure', {
        choices: structures,
        default: 'known' as const,
        describe: 'What a query-free attacker knows of the head: its layers, or nothing (paper: its own cuts only)',
      })
      .option('shadow-inversion', {
        choices: inversions,
        default: 'rmle' as const,
        describe: 'How the shadow is inverted',
      })
      .option('alignment', {
        choices: alignments,
        default: 'moments' as const,
        describe: 'Match the shadow to what the cloud has seen',
      })
      .option('shadow-epochs', { type: 'number', describe: 'Of the shadow; default by what an epoch costs' })
      .option('shadows', {
        type: 'number',
        describe: 'Shadows that are begun; the one goes on that fits best what the cloud sees. Default 4',
      })
      .option('generator', {
        type: 'string',
        describe: 'For latent: an ONNX file that makes pictures of codes; trained on the attacker’s when left out',
      })
      .option('generator-makes', {
        choices: generatorMakes,
        describe: 'Its output: network inputs, pixels 0 to 1, or −1 to 1; default as its card says, else inputs',
      })
      .option('memory-gb', {
        type: 'number',
        describe: 'What each attack under way may take for tables and activations; default 3',
      })
      .option('cache', {
        type: 'string',
        describe: 'Folder where finished attacks are kept, so that an audit can go on; --no-cache keeps none',
      })
      .option('save-decoders', { type: 'string', describe: 'Write trained decoders (ONNX) into this folder' })
      .option('images', { type: 'number', describe: 'Victims, from the test split; default 100' })
      .option('budget', {
        type: 'string',
        describe:
          'Time it may take, such as 90s, 20m or 1.5h: fewer steps, attacks and cuts where that is too short, and it says which. all: everything, however long',
      })
      .option('gallery', {
        type: 'number',
        describe: 'Pictures a reconstruction is looked for among; 1000, or the whole test split, when left out',
      })
      .option('iterations', { type: 'number', describe: 'Steps of the solver' })
      .option('seed', { type: 'number', default: 1, describe: 'Same seed, same numbers' })
      .option('threads', {
        type: 'number',
        describe:
          'Threads in all; default all cores. Cuts are attacked side by side, as many as there are threads and memory',
      })
      .option('engine', {
        choices: engineNames,
        default: 'onnxruntime' as const,
        describe: 'What computes; tfjs needs the npm package @tensorflow/tfjs-node and Node before 23',
      })
      .option('out', { type: 'string', describe: 'Write the result (JSON) here too' })
      .option('sheet', { type: 'string', describe: 'Write the contact sheet (PNG) here' })
      .option('shape', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Bind dimensions: input=1,3,32,32',
      })
      .option('input', inputOption)
      .option('mean', {
        type: 'string',
        describe: 'Preprocessing, per channel: 0.485,0.456,0.406 (else the model card)',
      })
      .option('std', { type: 'string', describe: 'Preprocessing, per channel' })
      .option('size', { type: 'string', describe: 'Preprocessing: CxHxW, e.g. 3x32x32' })
      .option('layout', { type: 'string', describe: 'Preprocessing: NCHW or NHWC' })
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
      substitute: {
        structure: argv['substitute-structure'],
        inversion: argv['substitute-inversion'],
        epochs: argv['substitute-epochs'],
      },
      shadow: {
        structure: argv['shadow-structure'],
        inversion: argv['shadow-inversion'],
        alignment: argv.alignment,
        shadows: argv.shadows,
      },
      shadowEpochs: argv['shadow-epochs'],
      generator: argv.generator,
      generatorMakes: argv['generator-makes'],
      memoryGb: argv['memory-gb'],
      cache: argv.cache,
      saveDecoders: argv['save-decoders'],
      solver: argv.solver,
      formula: argv.formula,
      restarts: argv.restarts,
      lambdaTv: argv['lambda-tv'],
      learningRate: argv['learning-rate'],
      defenses: argv.defense,
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
