import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlanVerifyArguments, planVerifyText, runPlanVerify } from '../../src/cli/run-plan-verify.ts';
import { createEngine } from '../../src/engine/index.ts';
import { encodeModel, findCuts, float32, modelSha256, prepare } from '../../src/model/index.ts';
import { idOfPlan, type Plan } from '../../src/plan/index.ts';
import { makePlan, writePlan } from '../../src/planner/index.ts';
import { link, machine } from '../planner/arbitrary.ts';
import { confirmedBy, leastProtocol, met, victims } from '../support/evidence.ts';
import { networks } from '../support/networks.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());
let dir: string;
const at = (...names: string[]) => join(dir, ...names);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cutline-verify-'));
  const bytes = encodeModel(networks.chain.build({ seed: 3 }));
  await writeFile(at('net.onnx'), bytes);
  await writeFile(at('other.onnx'), encodeModel(networks.chain.build({ seed: 4 })));
  await writeFile(at('least.yaml'), JSON.stringify(leastProtocol));
  const graph = await prepare(networks.chain.build({ seed: 3 }), engine);
  const dims = graph.inputs[0]!.shape.map(Number);
  const outcome = await makePlan({
    model: { name: 'net', sha256: modelSha256(bytes), graph, cuts: findCuts(graph) },
    profiles: { device: machine('device', 0.01), cloud: machine('cloud', 10), link: link(1000, 0.1) },
    thresholds: { threat: 'white-box', maxSsim: 0.3, objective: 'latency', requireSplit: true },
    protocol: leastProtocol,
    codecs: ['float32'],
    defenses: ['none'],
    picture: null,
    created: new Date('2026-01-02T03:04:05Z'),
    engine,
    pictures: {
      calibration: [{ input: float32(new Float32Array(dims.reduce((a, d) => a * d, 1)), dims) }],
      dataSha256: 'd'.repeat(64),
      seed: 7,
      victims: () => victims,
      resolve: async (_, defense) => defense,
      async audit(cut, defense) {
        const ssim = { mean: 0.2, low: 0.1, high: 0.25, worstDecile: 0.28 };
        const common = { cut, defense, codec: 'float32' as const, threat: 'white-box' as const };
        const entry = { ...common, attack: 'rmle', ssim, ...met };
        return { leakage: [entry], results: [entry], confirmation: confirmedBy([entry], [entry]) };
      },
    },
  });
  await writePlan(at('plan'), outcome.plan!, outcome);
});
afterAll(() => rm(dir, { recursive: true }));

const verify = (over: Partial<PlanVerifyArguments> = {}) =>
  runPlanVerify({
    plan: at('plan', 'plan.json'),
    protocol: at('least.yaml'),
    audit: undefined,
    keys: [],
    model: undefined,
    shapes: [],
    inputs: [],
    ...over,
  });

/** A copy of the plan's folder with another plan in it. */
async function altered(name: string, change: (plan: Plan) => void, honestId = false): Promise<string> {
  await cp(at('plan'), at(name), { recursive: true });
  const plan = JSON.parse(await readFile(at(name, 'plan.json'), 'utf8')) as Plan;
  change(plan);
  if (honestId) Object.assign(plan, { planId: idOfPlan(plan) });
  await writeFile(at(name, 'plan.json'), JSON.stringify(plan));
  return at(name, 'plan.json');
}

describe('cutline plan verify', () => {
  it('opens files, audit and model, and says what it held against the plan', async () => {
    const found = await verify({ model: at('net.onnx') });
    expect(found.verified).toHaveLength(6);
    expect(found.unverified).toEqual(['who made it: it is not signed']);
    expect(planVerifyText(found)).toMatch(
      /evidence meets protocol least[\s\S]*audit\.json[\s\S]*head and tail are those/,
    );
  });

  it('says what it did not look at', async () => {
    await cp(at('plan', 'plan.json'), at('alone.json'));
    const { unverified } = await verify({ plan: at('alone.json') });
    expect(unverified.join()).toMatch(/head\.onnx.*tail\.onnx.*audit: give --audit.*model: give --model/);
  });

  it('finds any figure that somebody wrote in', async () => {
    const plan = await altered('prettier', (p) => void Object.assign(p.evidence[0]!.ssim, { mean: 0.01 }));
    await expect(verify({ plan })).rejects.toMatchObject({ code: 'PLAN_ALTERED', exit: 2 });
    // Whoever knows how ids are made is found out by the audit.
    const cunning = await altered('cunning', (p) => void Object.assign(p.evidence[0]!.ssim, { mean: 0.01 }), true);
    await expect(verify({ plan: cunning })).rejects.toThrow(/evidence is not what the audit says/);
  });

  it('finds a head or tail of another model, and another model', async () => {
    const plan = await altered('swapped', (p) => void Object.assign(p.head!, { sha256: 'a'.repeat(64) }), true);
    await expect(verify({ plan })).rejects.toMatchObject({ code: 'PLAN_OTHER_FILE' });
    await rm(at('swapped', 'head.onnx'));
    await expect(verify({ plan, model: at('net.onnx') })).rejects.toThrow(/its head is not the head of this model/);
    await expect(verify({ model: at('other.onnx') })).rejects.toMatchObject({ code: 'PLAN_OTHER_MODEL' });
  });

  it('finds another audit, and evidence of a weaker protocol', async () => {
    const text = await readFile(at('plan', 'audit.json'), 'utf8');
    await writeFile(at('other-audit.json'), text.replace('"seed": 7', '"seed": 8'));
    await expect(verify({ audit: at('other-audit.json') })).rejects.toMatchObject({
      code: 'PLAN_OTHER_AUDIT',
      exit: 2,
    });
    await expect(verify({ protocol: 'standard' })).rejects.toMatchObject({ code: 'PLAN_WEAKER_EVIDENCE', exit: 2 });
  });
});
