import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { defaultCodecs } from '../../codecs.ts';
import { modelOptions } from '../model-options.ts';

/** What the command takes; its help, defaults and types follow. */
const options = {
  device: {
    type: 'string',
    describe: 'Profile of the device: a file or a shipped name',
  },
  cloud: {
    type: 'string',
    describe: 'Profile of the cloud: a file or a shipped name',
  },
  link: { type: 'string', describe: 'Profile of the link: a file or a shipped name' },
  tiers: {
    type: 'string',
    describe:
      'File of tiers and links instead: the best route over them, printed; the runtime runs device and one other',
  },
  audit: { type: 'string', describe: 'Result of cutline audit --json' },
  data: { type: 'string', describe: 'Pictures, to attack only the cuts that matter' },
  requirements: {
    type: 'string',
    describe: 'File of what is asked for, with the keys that plan.json has under thresholds; options go before it',
  },
  at: { type: 'string', describe: 'Plan this cut and no other, and say what is wrong with it' },
  threat: { type: 'string', describe: 'white-box (default), black-box, query-free or answer-only' },
  'max-ssim': {
    type: 'number',
    describe: 'Largest SSIM an attack may reach, default 0.3; that and less is called unrecognisable',
  },
  'max-gain': { type: 'number', describe: 'Largest SSIM it may reach over what the answer alone gives' },
  protocol: {
    type: 'string',
    default: 'standard',
    describe: 'What an audit must have done: screen (can only refuse), standard, thorough, or a file',
  },
  'require-mixing': {
    type: 'boolean',
    default: false,
    describe: 'At least one fully connected layer on the device',
  },
  'min-depth': { type: 'number', describe: 'Least number of layers with weights on the device' },
  'max-floats': { type: 'number', describe: 'Most values that are sent' },
  'max-latency-ms': { type: 'number', describe: 'Longest time from picture to answer' },
  'max-p95-ms': { type: 'number', describe: 'Longest time from picture to answer of 95 in 100' },
  'max-energy-mj': { type: 'number', describe: 'Most energy the device spends on an inference' },
  'max-cloud-ms': { type: 'number', describe: 'Longest time a server of the cloud works on an inference' },
  'max-memory-bytes': { type: 'number', describe: 'Most memory the device needs for its part' },
  'min-agreement': { type: 'number', describe: 'Least share of the model’s own answers that stay: needs no labels' },
  'min-accuracy': { type: 'number', describe: 'Least share of right answers' },
  'max-bytes': { type: 'number', describe: 'Most bytes sent for an inference' },
  'max-bits': {
    type: 'number',
    describe: 'Most bits a message may tell of a picture: refuses what is not discrete, as codes and quant are',
  },
  'max-download-bytes': { type: 'number', describe: 'Most bytes of weights the device has to hold' },
  rate: { type: 'number', describe: 'Requests a second that have to be kept up with; latency then counts what waits' },
  servers: { type: 'number', describe: 'With --rate: servers of the cloud, each running the tail; default 1' },
  batch: { type: 'number', describe: 'With --rate: requests that a server takes together; default 1' },
  arrivals: { type: 'string', describe: 'With --rate: poisson (default) or even, as a camera’s are' },
  'safe-set': {
    type: 'boolean',
    default: false,
    describe:
      'A plan of several routes, each with evidence: those that are cheapest somewhere in the ranges, among which the device moves',
  },
  robust: {
    type: 'boolean',
    default: false,
    describe:
      'The one route that is best where the ranges are worst: the least of the greatest cost, bounds kept there',
  },
  'bandwidth-range': {
    type: 'string',
    describe: 'For --safe-set or --robust: factors of the link’s bandwidth, default 0.1..1',
  },
  'speed-range': {
    type: 'string',
    describe: 'For --safe-set or --robust: factors of the device’s speed, default 0.5..1',
  },
  'require-split': {
    type: 'boolean',
    default: false,
    describe: 'Neither all on the device nor all in the cloud',
  },
  'max-packet-bytes': { type: 'number', describe: "The broker's limit; default: the link profile's" },
  objective: {
    type: 'string',
    describe: 'What is least: latency (default), p95, energy, bytes, cloud (time of a server) or weights',
  },
  weights: {
    type: 'string',
    describe: 'For --objective weights: latency=1,energy=0.1, per ms, mJ, byte (bytes) and ms of a server (cloud)',
  },
  codec: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: `Codecs to choose from; default ${defaultCodecs.join(', ')}`,
  },
  defense: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe:
      'Defenses to choose from beside none; default noise at three strengths. gauss(leak=0.3): the least that a short rMLE leaves at that SSIM, on training pictures',
  },
  images: { type: 'number', describe: "Victims of each audit made here; default: the protocol's" },
  iterations: { type: 'number', describe: 'Of each attack made here' },
  budget: {
    type: 'string',
    describe:
      'Time that audits made here may take, such as 20m: weaker attacks where that is too short; all: however long',
  },
  seed: { type: 'number', default: 1, describe: 'Of audits made here' },
  ...modelOptions,
  threads: { type: 'number', describe: 'Threads of the engine; default all cores' },
  out: { type: 'string', describe: 'Folder for plan.json, head.onnx and tail.onnx' },
  report: { type: 'string', describe: 'HTML file: what was planned and why, with sliders that plan again offline' },
} as const satisfies Record<string, Options>;

type Arguments = InferredOptionTypes<typeof options> & { readonly model: string; readonly json?: boolean };

export const planCommand: CommandModule<object, Arguments> = {
  command: 'plan <model>',
  describe: 'Choose cut, defense and codec: the cheapest whose measured leakage is below your threshold',
  builder: (yargs) =>
    yargs
      .positional('model', { type: 'string', describe: 'ONNX file', demandOption: true })
      .options(options)
      .epilogue(
        'cutline plan verify PLAN holds a finished plan against its files, audit and model; plan sign signs it, plan diff compares two: see their --help.',
      ),
  handler: async (argv) => {
    const [{ runPlan }, { planText }, { routeText }, { fail, print }, { stopSignal }, { progressBar }] =
      await Promise.all([
        import('../run-plan.ts'),
        import('../plan-text.ts'),
        import('../route-answer.ts'),
        import('../output.ts'),
        import('../stop.ts'),
        import('../progress.ts'),
      ]);
    // Attacks are loaded only when there is something to attack with.
    const auditor = argv.data === undefined ? undefined : (await import('../auditor.ts')).auditor;
    const bar = auditor && progressBar('plan');
    const log = (line: string) => (bar ? bar.log(`plan: ${line}`) : void process.stderr.write(`plan: ${line}\n`));
    const answer = await runPlan(
      {
        ...argv,
        maxSsim: argv['max-ssim'],
        maxGain: argv['max-gain'],
        requireMixing: argv['require-mixing'],
        minDepth: argv['min-depth'],
        maxFloats: argv['max-floats'],
        maxLatencyMs: argv['max-latency-ms'],
        maxP95Ms: argv['max-p95-ms'],
        maxEnergyMj: argv['max-energy-mj'],
        maxCloudMs: argv['max-cloud-ms'],
        maxMemoryBytes: argv['max-memory-bytes'],
        minAccuracy: argv['min-accuracy'],
        minAgreement: argv['min-agreement'],
        maxBytes: argv['max-bytes'],
        maxBits: argv['max-bits'],
        maxDownloadBytes: argv['max-download-bytes'],
        maxPacketBytes: argv['max-packet-bytes'],
        requireSplit: argv['require-split'],
        safeSet: argv['safe-set'],
        bandwidthRange: argv['bandwidth-range'],
        speedRange: argv['speed-range'],
        codecs: argv.codec,
        defenses: argv.defense,
        shapes: argv.shape,
        inputs: argv.input,
      },
      stopSignal(),
      log,
      auditor,
      bar,
    ).finally(() => bar?.stop());
    if (!('collapsed' in answer)) {
      print(argv.json, answer.document, () => routeText(answer));
      if (!answer.document.runnable) process.exitCode = 3;
      return;
    }
    print(argv.json, answer.document, () => planText(answer));
    for (const error of answer.unwritten) fail(error, false);
    if (!answer.document.chosen) process.exitCode = 3;
  },
};
