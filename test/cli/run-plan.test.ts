import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanAnswer } from '../../src/cli/plan-answer.ts';
import { planText } from '../../src/cli/plan-text.ts';
import { type PlanArguments, runPlan } from '../../src/cli/run-plan.ts';
import { type Preprocessing, preprocess, writeCard } from '../../src/data/index.ts';
import { createEngine } from '../../src/engine/index.ts';
import { asFloat32, encodeModel, modelSha256 } from '../../src/model/index.ts';
import { parsePlan } from '../../src/plan/index.ts';
import { idx } from '../data/fixtures.ts';
import { confirmedBy, leastProtocol, met } from '../support/evidence.ts';
import { networks } from '../support/networks.ts';
import { spots } from '../support/pictures.ts';

let dir: string;
const bytes = encodeModel(networks.chain.build({ seed: 1 }));
const sha256 = modelSha256(bytes);
const at = (name: string) => join(dir, name);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cutline-cli-plan-'));
  await writeFile(at('net.onnx'), bytes);
  await writeFile(at('audit.json'), audit(sha256));
  await writeFile(at('least.yaml'), JSON.stringify(leastProtocol));
});
afterAll(() => rm(dir, { recursive: true }));

const preprocessing: Preprocessing = { layout: 'NCHW', channels: 1, height: 28, width: 28, mean: [0.5], std: [0.5] };

/** Pictures with labels, and a card that says how the network takes them. */
async function writePictures() {
  const data = spots({ train: 20, test: 60 });
  await mkdir(at('pictures'));
  await writeCard(at('net.onnx'), { format: 'cutline.card/1', name: 'net', input: 'input', preprocessing });
  for (const [prefix, split] of [
    ['train', data.train],
    ['t10k', data.test],
  ] as const) {
    const pixels = await split.pixels(Array.from({ length: split.count }, (_, i) => i));
    await writeFile(at(`pictures/${prefix}-images-idx3-ubyte`), idx([split.count, 28, 28], pixels.data));
    await writeFile(at(`pictures/${prefix}-labels-idx1-ubyte`), idx([split.count], [...split.labels!]));
  }
  return data;
}

/** ReLU2 is safe with noise only, pool2 without. */
function audit(model: string): string {
  const entry = (cut: string, defense: string, mean: number) => ({
    cut,
    defense,
    codec: 'float32',
    threat: 'white-box',
    attack: 'rmle',
    ...met,
    ssim: { mean, low: mean - 0.05, high: mean + 0.05, worstDecile: mean + 0.1 },
    psnr: { mean: 12, low: 11, high: 13 },
    baseline: { psnr: 10, ssim: 0.1 },
    accuracy: 0.9,
    seconds: 1,
  });
  const results = [
    entry('conv1', 'none', 0.9),
    entry('ReLU2', 'none', 0.5),
    entry('ReLU2', 'gauss(sd=0.5)', 0.2),
    entry('pool2', 'none', 0.2),
  ];
  return JSON.stringify({
    format: 'cutline.audit/1',
    model: { sha256: model },
    results,
    leakage: results,
    confirmation: confirmedBy(results, results),
    data: { sha256: 'd'.repeat(64), count: 10 },
    seed: 1,
  });
}

function options(over: Partial<PlanArguments> = {}): PlanArguments {
  return {
    model: at('net.onnx'),
    device: 'raspberry-pi-4',
    cloud: 'cloud-generic',
    link: 'link-ethernet',
    audit: at('audit.json'),
    data: undefined,
    threat: 'white-box',
    protocol: at('least.yaml'),
    maxSsim: 0.3,
    maxLatencyMs: undefined,
    maxEnergyMj: undefined,
    minAccuracy: undefined,
    maxBytes: undefined,
    maxDownloadBytes: undefined,
    maxPacketBytes: undefined,
    requireSplit: false,
    objective: 'latency',
    weights: undefined,
    codecs: [],
    defenses: [],
    images: 10,
    iterations: undefined,
    seed: 1,
    shapes: [],
    threads: 1,
    out: undefined,
    ...over,
  };
}

const plan = async (over: Partial<PlanArguments> = {}) => (await asked(over)) as PlanAnswer;
const asked = (over: Partial<PlanArguments> = {}) =>
  runPlan(
    options(over),
    new AbortController().signal,
    () => {},
    () => ({
      audit: async () => {
        throw new Error('no audit was asked for');
      },
      resolve: async (_, defense) => defense,
      victims: () => undefined,
      seen: () => undefined,
    }),
  );

describe('cutline plan', () => {
  it('answers with a plan, the candidates it was chosen from, and the Pareto set', async () => {
    const { document, path } = await plan({ requireSplit: true, out: at('plan') });
    expect(['ReLU2', 'pool2']).toContain(document.chosen!.cut);
    parsePlan(JSON.parse(JSON.stringify(document)), 'stdout');
    for (const c of document.candidates) expect(c.feasible).toBe(c.reasons.length === 0);
    expect((await readdir(at('plan'))).sort()).toEqual(['head.onnx', 'plan.json', 'tail.onnx']);
    const written = parsePlan(JSON.parse(await readFile(path!, 'utf8')), path!);
    expect(written.candidates).toBeUndefined();
    expect(written.evidence[0]!.dataSha256).toBe('d'.repeat(64));
  });

  it('plans a cut of one’s own choice, by its tensor as well, and says what is wrong with it', async () => {
    const fine = await plan({ at: 'pool2' });
    expect(fine.document).toMatchObject({ chosen: { cut: 'pool2' }, asked: { cut: 'pool2' } });
    const open = await plan({ at: 'conv1' });
    expect(open.document).toMatchObject({ chosen: null, asked: { cut: 'conv1' } });
    expect(open.document.asked!.wrong.join()).toMatch(/recovers the picture up to SSIM 0.95/);
    expect(planText(open)).toMatch(/What is wrong with conv1/);
    await expect(plan({ at: 'conv7' })).rejects.toMatchObject({ code: 'CUT_NOT_FOUND' });
    await expect(plan({ at: 'output', requireSplit: true })).rejects.toMatchObject({ code: 'CONSTRAINTS_CONTRADICT' });
  });

  it('takes requirements from a file, and options before it', async () => {
    const file = at('asked.yaml');
    await writeFile(file, 'format: cutline.requirements/1\nmaxSsim: 0.6\nobjective: cloud\nrequireSplit: true\n');
    const own = { requirements: file, threat: undefined, maxSsim: undefined, objective: undefined };
    const { document } = await plan(own);
    expect(document).toMatchObject({ thresholds: { maxSsim: 0.6, objective: 'cloud', threat: 'white-box' } });
    const over = await plan({ ...own, maxSsim: 0.3 });
    expect(over.document).toMatchObject({ thresholds: { maxSsim: 0.3, objective: 'cloud', requireSplit: true } });
    for (const wrong of ['maxSsim: 7', 'maxBytes: -1', 'colour: red', 'weights: {taste: 1}']) {
      await writeFile(file, `format: cutline.requirements/1\n${wrong}\n`);
      await expect(plan(own)).rejects.toMatchObject({ code: 'REQUIREMENTS_INVALID' });
    }
  });

  it('says that a p95 is not known rather than taking the mean for it', async () => {
    const { document } = await plan({ objective: 'p95', requireSplit: true });
    expect(document.chosen).toBeNull();
    for (const c of document.candidates) expect(c.reasons.join()).toMatch(/p95 is unknown/);
  });

  it('keeps to memory and to the time of a server', async () => {
    const { document } = await plan({ requireSplit: true });
    const { cloudMs, memoryBytes } = document.chosen!;
    const less = await plan({ requireSplit: true, maxCloudMs: cloudMs / 2 });
    for (const c of less.document.candidates) if (c.cloudMs > cloudMs / 2) expect(c.feasible).toBe(false);
    const tight = await plan({ requireSplit: true, maxMemoryBytes: memoryBytes! - 1 });
    for (const c of tight.document.candidates) if (c.memoryBytes! >= memoryBytes!) expect(c.feasible).toBe(false);
    expect(less.document.candidates.some((c) => !c.feasible && c.reasons.join().includes('work for a server'))).toBe(
      true,
    );
  });

  it('counts what waits at a rate, and says what cannot keep up', async () => {
    const { document } = await plan({ requireSplit: true, rate: 20, servers: 2 });
    const { latencyMs, queueing } = document.chosen!;
    expect(queueing).toMatchObject({ ratePerS: 20, keepsUp: true });
    expect(latencyMs.waiting).toBeGreaterThan(0);
    parsePlan(JSON.parse(JSON.stringify(document)), 'stdout');
    const over = await plan({ rate: 1e6 });
    expect(over.document).toMatchObject({ code: 'NO_FEASIBLE_PLAN', message: expect.stringMatching(/--rate \d/) });
    expect(over.document.candidates[0]!.reasons.join()).toMatch(/RATE_EXCEEDED/);
    for (const wrong of [
      { rate: 0 },
      { rate: -1 },
      { servers: 2 },
      { rate: 1, servers: 1.5 },
      { rate: 1, arrivals: 'odd' },
    ])
      await expect(plan(wrong)).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('finds a route over tiers, says loudly what the runtime cannot run, and refuses tiers that are not there', async () => {
    const file = at('tiers.yaml');
    const tiers = (trusted: boolean, link = 'cloud') => `format: cutline.tiers/1
tiers:
  - {name: device, profile: raspberry-pi-4, trusted: true}
  - {name: gateway, profile: raspberry-pi-5, trusted: true}
  - {name: cloud, profile: cloud-generic, trusted: ${trusted}}
links:
  - {from: device, to: gateway, profile: link-ethernet}
  - {from: gateway, to: ${link}, profile: link-ethernet}
`;
    const over = { tiers: file, device: undefined, cloud: undefined, link: undefined };
    const route = async (text: string, more: Partial<PlanArguments> = {}) => {
      await writeFile(file, text);
      return (await asked({ ...over, ...more })).document;
    };
    const trusting = await route(tiers(true));
    expect(trusting).toMatchObject({ format: 'cutline.route/1' });
    const hiding = await route(tiers(false));
    for (const hop of 'hops' in hiding ? hiding.hops : []) {
      if (hop.observers.length > 0) expect(hop.leakage!.ssim.high).toBeLessThanOrEqual(0.3);
    }
    // Nothing fits the device, so it sends; to whom is the route's to say.
    const sending = await route(tiers(true), { maxDownloadBytes: 0 });
    expect(sending).toMatchObject({ hops: [{ cut: 'input', from: 'device', to: 'gateway', observers: [] }, {}] });
    expect(sending).toMatchObject({ runnable: true });
    await expect(route(tiers(true, 'moon'))).rejects.toMatchObject({ code: 'ROUTE_TIER_UNKNOWN' });
    await expect(route(`${tiers(true)}mostHops: -1\n`)).rejects.toMatchObject({ code: 'TIERS_INVALID' });
    await expect(route(tiers(true), { objective: 'p95' })).rejects.toMatchObject({ code: 'ROUTE_OPTION' });
    const alone = tiers(false).replace(
      'name: gateway, profile: raspberry-pi-5, trusted: true',
      'name: gateway, profile: raspberry-pi-5, trusted: false',
    );
    await expect(route(alone, { maxDownloadBytes: 1000 })).rejects.toMatchObject({
      code: expect.stringMatching(/ROUTE_WITHOUT_EVIDENCE|NO_FEASIBLE_PLAN/),
    });
    await expect(asked({ ...over, tiers: undefined })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('says it in words', async () => {
    const text = planText(await plan({ requireSplit: true }));
    expect(text).toMatch(/^Chosen: cut (ReLU2|pool2)/);
    expect(text).toMatch(/strongest attack rmle: SSIM/);
    expect(text).toMatch(/everything on the device: It does not split the model/);
    expect(text).toMatch(/\d+ candidates that were not audited/);
  });

  it('keeps everything on the device when that is the fastest', async () => {
    const { document } = await plan();
    expect(document.chosen!.cut).toBe('output');
  });

  it('asks the whole model about labelled pictures where answers must be right', async () => {
    const { test } = await writePictures();
    const engine = await createEngine({ threads: 1 });
    const session = await engine.load(networks.chain.build({ seed: 1 }));
    let right = 0;
    for (let i = 0; i < test.count; i++) {
      const input = preprocess(await test.pixels([i]), preprocessing);
      const scores = Array.from(asFloat32((await session.run({ input })).output));
      if (scores.indexOf(Math.max(...scores)) === test.labels![i]) right++;
    }
    await engine.close();
    expect(right).toBeGreaterThan(0);
    const pictures = { data: `mnist:${at('pictures')}`, defenses: ['none'] };
    const { document } = await plan({ ...pictures, audit: undefined, minAccuracy: right / test.count });
    expect(document.chosen).toMatchObject({ cut: 'output', accuracy: right / test.count });
    const { document: more } = await plan({ ...pictures, minAccuracy: right / test.count + 0.01 });
    expect(more.candidates.find((c) => c.cut === 'output')!.reasons.join(' ')).toMatch(/accura/i);
  });

  it('says what would have to give way, and writes nothing, when nothing is feasible', async () => {
    const { document, path } = await plan({ requireSplit: true, maxSsim: 0.1, out: at('never') });
    expect(document).toMatchObject({ format: 'cutline.no-plan/1', chosen: null, code: 'NO_FEASIBLE_PLAN' });
    expect((document as { message: string }).message).toMatch(
      /--max-ssim 0\.25 \(asked: 0\.1\), which allows cut (ReLU2|pool2)/,
    );
    expect(path).toBeUndefined();
    expect(await readdir(dir)).not.toContain('never');
  });

  it('says what would have to give way even where that was not audited', async () => {
    const { document } = await plan({ requireSplit: true, maxLatencyMs: 0.1, maxSsim: 0.9 });
    expect((document as { message: string }).message).toMatch(
      /--max-latency-ms [\d.]+ \(asked: 0\.1\), which allows cut/,
    );
    await writeFile(at('empty.json'), JSON.stringify({ ...JSON.parse(audit(sha256)), leakage: [], results: [] }));
    const blind = await plan({ requireSplit: true, audit: at('empty.json') });
    expect((blind.document as { message: string }).message).toMatch(/Audit more: cut .* meets everything else/);
  });

  it.each<[string, Partial<PlanArguments>, string, RegExp]>([
    ['neither audit nor data', { audit: undefined }, 'USAGE', /--audit FILE.*--data SET/],
    ['a wrong threat', { threat: 'grey-box' }, 'USAGE', /white-box, black-box, query-free/],
    ['a wrong objective', { objective: 'speed' }, 'USAGE', /latency, p95, energy, bytes, cloud, weights/],
    ['weights without the objective', { weights: 'latency=1' }, 'USAGE', /go together/],
    ['weights that are none', { objective: 'weights', weights: 'latency' }, 'USAGE', /--weights latency/],
    ['an SSIM above one', { maxSsim: 30 }, 'USAGE', /--max-ssim/],
    ['a number that is none', { maxLatencyMs: Number.NaN }, 'USAGE', /--max-latency-ms/],
    ['a wrong codec', { codecs: ['float8'] }, 'USAGE', /float16/],
    ['an unknown profile', { device: 'toaster' }, 'PROFILE_UNKNOWN', /raspberry-pi-4/],
    ['a link for a device', { device: 'link-wifi' }, 'PROFILE_LACKS', /link-wifi lacks speeds/],
    ['a device for a link', { link: 'raspberry-pi-4' }, 'PROFILE_LACKS', /lacks a link/],
    ['a missing audit', { audit: '/nowhere/audit.json' }, 'FILE_NOT_FOUND', /nowhere/],
    ['a missing model', { model: '/nowhere/net.onnx' }, 'FILE_NOT_FOUND', /nowhere/],
    ['relative noise without pictures', { defenses: ['gauss(sd=0.5x)'] }, 'DEFENSE_SPEC', /pictures/],
  ])('refuses %s', async (_, over, code, message) => {
    await expect(plan(over)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('refuses an audit whose attackers did not know the defense', async () => {
    await writeFile(at('unaware.json'), JSON.stringify({ ...JSON.parse(audit(sha256)), adaptive: false }));
    await expect(plan({ audit: at('unaware.json') })).rejects.toMatchObject({ code: 'AUDIT_NO_EVIDENCE', exit: 2 });
  });

  it('refuses the audit of another model', async () => {
    await writeFile(at('other.json'), audit('f'.repeat(64)));
    await expect(plan({ audit: at('other.json') })).rejects.toMatchObject({ code: 'AUDIT_OTHER_MODEL', exit: 2 });
  });

  it.each([
    ['no JSON', '{"format":'],
    ['another document', '{"format":"cutline.inspect/1"}'],
    ['a threat that is none', audit(sha256).replace('white-box', 'grey-box')],
  ])('refuses an audit that is %s', async (_, text) => {
    await writeFile(at('bad.json'), text);
    await expect(plan({ audit: at('bad.json') })).rejects.toMatchObject({ code: 'AUDIT_INVALID', exit: 2 });
  });

  it('reports an output folder it cannot write to', async () => {
    await writeFile(at('file'), '');
    await expect(plan({ out: at('file/plan') })).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE', exit: 1 });
  });
});
