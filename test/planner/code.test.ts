/** Codes in a plan: found whatever their spelling, priced by their bits, capped, and told. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/index.ts';
import { encodeModel, findCuts, float32, modelSha256, prepare, type Tensors } from '../../src/model/index.ts';
import { parsePlan, verifyPlan } from '../../src/plan/index.ts';
import { codesAt } from '../../src/planner/code.ts';
import { type Findings, makePlan, type PlanRequest, verifyEvidence } from '../../src/planner/index.ts';
import { createRandom } from '../../src/random.ts';
import { codedNetwork, signs, spellings } from '../support/coded.ts';
import { confirmedBy, leastProtocol, met, victims } from '../support/evidence.ts';
import { networks } from '../support/networks.ts';
import { link, machine } from './arbitrary.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const noise = (seed: number): Tensors => ({
  input: float32(createRandom(seed).fillNormal(new Float32Array(64)), [1, 1, 8, 8]),
});

describe('a code is found', () => {
  const ofOneBit = Object.entries(signs).map(([name, write]) => [name, 1, write] as const);
  const ofMore = Object.entries(spellings).flatMap(([name, write]) =>
    [2, 4].map((bits) => [name, bits, write] as const),
  );

  it.each([...ofMore, ...ofOneBit])('written with %s, of %i bits', async (_, bits, write) => {
    const graph = await prepare(codedNetwork({ bits, write }), engine);
    const cuts = findCuts(graph);
    expect(cuts.map((c) => c.id)).toContain('code');
    for (const pictures of [[], [noise(1), noise(2)]]) {
      expect(await codesAt(engine, graph, cuts, pictures)).toEqual(new Map([['code', bits]]));
    }
  });

  it('by its node, where that has a name', async () => {
    const graph = await prepare(codedNetwork(), engine);
    const nodes = graph.nodes.map((n) => (n.outputs[0] === 'code' ? { ...n, name: 'harden/levels' } : n));
    const cuts = findCuts({ ...graph, nodes });
    const cut = cuts.find((c) => c.tensors.some((t) => t.name === 'code'));
    expect(cut?.id).toBe('harden/levels');
    expect([...(await codesAt(engine, { ...graph, nodes }, cuts, []))]).toEqual([['code', 2]]);
  });

  it('in no network that rounds nothing, and it is not run for that', async () => {
    const graph = await prepare(networks.chain.build(), engine);
    const idle = { ...engine, load: () => Promise.reject(new Error('it was run')) };
    expect(await codesAt(idle as never, graph, findCuts(graph), [])).toEqual(new Map());
  });
});

async function request(change: Partial<PlanRequest> = {}, bits = 2): Promise<PlanRequest> {
  const graph = await prepare(codedNetwork({ bits }), engine);
  return {
    model: { name: 'coded', sha256: modelSha256(encodeModel(graph)), graph, cuts: findCuts(graph) },
    profiles: { device: machine('device', 1), cloud: machine('cloud', 10), link: link(0.1, 0.1) },
    thresholds: { threat: 'white-box', maxSsim: 0.3, objective: 'bytes', requireSplit: true },
    codecs: ['float32', 'uint8', 'code'],
    defenses: ['prefix(channels=4)', 'prefix(channels=2)', 'quant(bits=4)', 'gauss(sd=1)'],
    protocol: leastProtocol,
    picture: null,
    created: new Date('2026-01-02T03:04:05Z'),
    engine,
    pictures: {
      calibration: [noise(1), noise(2)],
      dataSha256: 'd'.repeat(64),
      seed: 7,
      victims: () => victims,
      resolve: async (_, defense) => defense,
      audit: async (cut, defense) => findings(cut, defense),
    },
    ...change,
  };
}

/** Only codes are safe. */
function findings(cut: string, defense: string): Findings {
  const mean = cut === 'code' ? 0.1 : 0.8;
  const ssim = { mean, low: mean - 0.02, high: mean + 0.02 };
  const entry = {
    cut,
    defense,
    codec: 'float32',
    threat: 'white-box',
    attack: 'rmle',
    ssim,
    accuracy: 0.7,
    ...met,
  } as const;
  return { leakage: [entry], results: [entry], confirmation: confirmedBy([entry], [entry]) };
}

/** 8 channels of 4 × 4 in 2 bits. */
const whole = 8 * 16 * 2;

describe('a plan for a code', () => {
  it('sends it packed, and tells the cap in the candidate, the evidence and the tensors', async () => {
    const outcome = await makePlan(await request({ defenses: ['none'] }));
    const plan = outcome.plan!;
    expect(plan).toMatchObject({ codec: 'code', cut: { id: 'code', tensors: [{ name: 'code', bits: 2 }] } });
    expect(plan.predicted).toMatchObject({ wireBytes: whole / 8 + 150, sources: { wireBytes: 'measured' } });
    expect(outcome.result.chosen).toMatchObject({ bitsCap: whole, wireBytes: whole / 8 + 150 });
    expect(plan.evidence).toMatchObject([{ bitsCap: whole, codec: 'float32' }]);
    verifyPlan(parsePlan(JSON.parse(JSON.stringify(plan)), 'here'), { protocol: leastProtocol });
  });

  it('has the evidence made again from its audit, cap and all', async () => {
    const asked = await request({ defenses: ['prefix(channels=4)'] });
    const { plan, auditDocument } = await makePlan(asked);
    const document = JSON.parse(auditDocument!) as Findings;
    const [{ auditSha256, dataSha256, victimsSha256, seed }] = plan!.evidence as [(typeof plan & {})['evidence'][0]];
    const audit = { ...document, auditSha256, dataSha256, victimsSha256: victimsSha256 ?? undefined, seed };
    verifyEvidence(plan!, audit, leastProtocol);
    const tensors = plan!.cut.tensors.map((t) => ({ ...t, bits: 1 }));
    expect(() => verifyEvidence({ ...plan!, cut: { ...plan!.cut, tensors } }, audit, leastProtocol)).toThrow(
      expect.objectContaining({ code: 'PLAN_ALTERED' }),
    );
  });

  it('is a candidate at each rate, and at no cut or defense that sends something else', async () => {
    const { result } = await makePlan(await request());
    const coded = result.candidates
      .filter((c) => c.codec === 'code')
      .map(({ cut, defense, bitsCap, wireBytes }) => [cut, defense, bitsCap, wireBytes - 150]);
    expect(coded).toEqual([
      ['code', 'none', whole, whole / 8],
      ['code', 'prefix(channels=4)', whole / 2, whole / 16],
      ['code', 'prefix(channels=2)', whole / 4, whole / 32],
    ]);
    const caps = new Map(
      result.candidates.filter((c) => c.codec === 'float32').map((c) => [`${c.cut} ${c.defense}`, c.bitsCap]),
    );
    // The levels of 128 elements, and the ends of their range.
    expect(caps.get('code quant(bits=4)')).toBe(128 * 4 + 64);
    expect(caps.get('code none')).toBeNull();
    expect(caps.get('code gauss(sd=1)')).toBeNull();
    expect(caps.get('output none')).toBe(0);
    expect(caps.get('input none')).toBeNull();
  });

  it('refuses by --max-bits what tells more, and what nothing caps', async () => {
    const asked = await request();
    const { result, plan } = await makePlan({ ...asked, thresholds: { ...asked.thresholds, maxBits: 100 } });
    expect(result.chosen).toMatchObject({ codec: 'code', defense: 'prefix(channels=2)', bitsCap: 64 });
    expect(plan?.thresholds.maxBits).toBe(100);
    const reasons = (defense: string, codec: string) =>
      result.candidates.find((c) => c.cut === 'code' && c.defense === defense && c.codec === codec)!.reasons;
    expect(reasons('none', 'code')).toContain('Its message tells up to 256 bits; at most 100 are allowed.');
    expect(reasons('none', 'float32')).toContainEqual(expect.stringContaining('not discrete'));
    expect(reasons('quant(bits=4)', 'uint8')).toContain('Its message tells up to 576 bits; at most 100 are allowed.');
    const none = await makePlan({ ...asked, thresholds: { ...asked.thresholds, maxBits: 10 } });
    expect(none.plan).toBeUndefined();
    expect(none.result.relaxation?.changes).toEqual([{ option: 'max-bits', asked: 10, needed: 64 }]);
  });

  it('says why, where nothing but codes is asked for and none is sent', async () => {
    const { result } = await makePlan(await request({ codecs: ['code'], defenses: ['gauss(sd=1)'] }));
    const refused = result.candidates.filter((c) => c.cut !== 'output' && (c.cut !== 'code' || c.defense !== 'none'));
    expect(refused.length).toBeGreaterThan(3);
    for (const { reasons } of refused) expect(reasons).toContainEqual(expect.stringContaining('codes alone'));
  });

  it('takes accuracy and agreement as float32 has them, since nothing is lost', async () => {
    const asked = await request({ defenses: ['prefix(channels=4)'] });
    const thresholds = { ...asked.thresholds, minAccuracy: 0.65 };
    const { result } = await makePlan({ ...asked, thresholds, pictures: { ...asked.pictures!, accuracy: 0.75 } });
    expect(result.chosen).toMatchObject({ codec: 'code', defense: 'prefix(channels=4)', accuracy: 0.7 });
  });
});
