import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.ts';
import { CutlineError } from '../../src/errors.ts';
import { encodeModel, findCuts, float32, modelSha256, prepare, type Tensors } from '../../src/model/index.ts';
import { readPlan, verifyPlan } from '../../src/plan/index.ts';
import { type Findings, makePlan, type PlanRequest, readAudit, writePlan } from '../../src/planner/index.ts';
import { createRandom } from '../../src/random.ts';
import { confirmedBy, leastProtocol, met, victims } from '../support/evidence.ts';
import { networks } from '../support/networks.ts';
import { link, machine } from './arbitrary.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());
let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'cutline-make-'))));
afterAll(() => rm(dir, { recursive: true }));

async function request(name: keyof typeof networks): Promise<PlanRequest> {
  const graph = await prepare(networks[name].build({ seed: 3 }), engine);
  const { shape } = graph.inputs[0]!;
  const random = createRandom(5);
  const picture = (): Tensors => {
    const dims = shape.map(Number);
    return { input: float32(random.fillNormal(new Float32Array(dims.reduce((a, d) => a * d, 1))), dims) };
  };
  return {
    model: { name, sha256: modelSha256(encodeModel(graph)), graph, cuts: findCuts(graph) },
    // A device a thousand times slower than the cloud on a fast link: cutting early pays.
    profiles: { device: machine('device', 0.01), cloud: machine('cloud', 10), link: link(1000, 0.1) },
    thresholds: { threat: 'white-box', maxSsim: 0.3, objective: 'latency', requireSplit: true },
    codecs: ['float32', 'uint8', 'uint8+deflate'],
    defenses: ['gauss(sd=0.5x)'],
    protocol: leastProtocol,
    picture: null,
    created: new Date('2026-01-02T03:04:05Z'),
    engine,
    pictures: {
      calibration: [picture(), picture()],
      dataSha256: 'd'.repeat(64),
      seed: 7,
      victims: () => victims,
      resolve: async (cut, defense) => defense.replace('0.5x', `${1 + cut.length}.25`),
      audit: async (cut, defense) => findings(cut, defense, graph.nodes.length),
    },
  };
}

/** Leaks less the later the cut (by the number in its name) and half as much under noise. */
function findings(cut: string, defense: string, nodes: number): Findings {
  const depth = Number(createHash('sha256').update(cut).digest().readUInt32LE()) % nodes;
  const mean = (0.9 * depth) / nodes / (defense === 'none' ? 1 : 2);
  const ssim = { mean, low: mean - 0.02, high: mean + 0.02 };
  const entry = {
    cut,
    defense,
    codec: 'float32' as const,
    threat: 'white-box' as const,
    attack: 'rmle',
    ssim,
    ...met,
  };
  return { leakage: [entry], results: [entry], confirmation: confirmedBy([entry], [entry]) };
}

describe.each(['chain', 'residual', 'depthwise', 'branching'] as const)('a plan for the %s network', (name) => {
  it('names files that compute what the whole model computes, and evidence that an agent accepts', async () => {
    const asked = await request(name);
    const outcome = await makePlan(asked);
    const plan = outcome.plan!;
    expect(plan.cut.id).not.toMatch(/^(in|out)put$/);
    const [evidence] = plan.evidence;
    expect(evidence).toMatchObject({
      cut: plan.cut.id,
      attacks: [{ name: 'rmle', iterations: 10 }],
      images: 50,
      seed: 7,
    });
    expect(evidence).toMatchObject({ victimsSha256: 'f'.repeat(64), confirmation: { images: 50 } });
    expect(evidence!.ssim.high).toBeLessThanOrEqual(0.3);

    const folder = join(dir, name);
    await writePlan(folder, plan, outcome);
    const read = await readPlan(join(folder, 'plan.json'));
    expect(read).toEqual(plan);
    const [head, tail] = await Promise.all(['head.onnx', 'tail.onnx'].map((f) => readFile(join(folder, f))));
    const digests = { headSha256: modelSha256(head!), tailSha256: modelSha256(tail!) };
    verifyPlan(read, { modelSha256: asked.model.sha256, ...digests, protocol: leastProtocol });
    const audit = await readAudit(join(folder, 'audit.json'), asked.model.sha256);
    expect(audit.auditSha256).toBe(evidence!.auditSha256);

    const [picture] = asked.pictures!.calibration;
    const run = async (model: Uint8Array, feeds: Tensors) => {
      const session = await engine.load(model, { optimization: 'disabled' });
      return session.run(feeds).finally(() => session.close());
    };
    const whole = await run(encodeModel(asked.model.graph), picture!);
    const sent = await run(head!, picture!);
    expect(Object.keys(sent)).toEqual(plan.cut.tensors.map((t) => t.name));
    for (const t of plan.cut.tensors) expect(sent[t.name]).toMatchObject({ dtype: t.dtype, shape: t.shape });
    const answered = await run(tail!, sent);
    expect(answered).toEqual(whole);
    // What the agent will hold each answer against.
    expect(plan.answer).toEqual(Object.entries(answered).map(([n, { dtype, shape }]) => ({ name: n, dtype, shape })));
  });
});

describe('planning', () => {
  it('measures the bytes of every codec on the pictures, and offers noise relative to the activation', async () => {
    const asked = await request('chain');
    const { result } = await makePlan(asked);
    const noisy = result.candidates.filter((c) => c.defense !== 'none');
    expect(new Set(noisy.map((c) => c.defense)).size).toBeGreaterThan(1);
    for (const c of noisy) expect(c.defense).toMatch(/^gauss\(sd=\d+\.25\)$/);
    for (const c of result.candidates.filter((c) => c.cut !== 'output')) expect(c.sources.wireBytes).toBe('measured');
  });

  it('makes fewer audits than there are candidates, and counts them', async () => {
    const asked = await request('chain');
    let made = 0;
    const audit: NonNullable<PlanRequest['pictures']>['audit'] = async (cut, defense) => {
      made++;
      return findings(cut, defense, asked.model.graph.nodes.length);
    };
    const { audits } = await makePlan({ ...asked, pictures: { ...asked.pictures!, audit } });
    expect(audits.run).toBe(made);
    expect(audits.saved).toBeGreaterThan(0);
  });

  it('leaves no tail of an older plan behind', async () => {
    const asked = await request('chain');
    const folder = join(dir, 'replaced');
    const split = await makePlan(asked);
    await writePlan(folder, split.plan!, split);
    const { requireSplit: _, ...free } = asked.thresholds;
    const slowLink = { ...asked.profiles, device: asked.profiles.cloud, link: link(0.001, 1000) };
    const whole = await makePlan({ ...asked, thresholds: free, profiles: slowLink });
    expect(whole.plan!.cut.id).toBe('output');
    await writePlan(folder, whole.plan!, whole);
    expect(await readdir(folder)).not.toContain('tail.onnx');
    // Without an older plan it is somebody else's.
    const other = join(dir, 'not-replaced');
    await mkdir(other);
    await writeFile(join(other, 'tail.onnx'), 'mine');
    await writePlan(other, whole.plan!, whole);
    expect(await readFile(join(other, 'tail.onnx'), 'utf8')).toBe('mine');
    verifyPlan(await readPlan(join(folder, 'plan.json')), { protocol: leastProtocol });
  });

  it('is the same plan for the same question', async () => {
    const [a, b] = [await makePlan(await request('chain')), await makePlan(await request('chain'))];
    expect(a.plan).toEqual(b.plan);
  });

  it('says what a profile lacks', async () => {
    const asked = await request('chain');
    const { compute: _, ...lame } = asked.profiles.device;
    await expect(makePlan({ ...asked, profiles: { ...asked.profiles, device: lame } })).rejects.toMatchObject({
      code: 'PROFILE_LACKS',
      exit: 2,
    });
    const { link: __, ...cut } = asked.profiles.link;
    await expect(makePlan({ ...asked, profiles: { ...asked.profiles, link: cut } })).rejects.toThrow(/lacks a link/);
  });

  it('stops when it is told to', async () => {
    const asked = await request('chain');
    const controller = new AbortController();
    const audit: NonNullable<PlanRequest['pictures']>['audit'] = async (_cut, _defense, signal) => {
      controller.abort();
      if (signal?.aborted) throw new CutlineError('CANCELLED');
      throw new Error('the signal did not arrive');
    };
    const answer = makePlan({ ...asked, signal: controller.signal, pictures: { ...asked.pictures!, audit } });
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
