/** Plans for a range of bandwidths and device speeds. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rangedOf } from '../../src/cli/ranged.ts';
import { createEngine } from '../../src/engine/index.ts';
import { encodeModel, findCuts, modelSha256, prepare } from '../../src/model/index.ts';
import { type Plan, parseProtocol, readPlan, routesOf, verifyId, verifyPlan } from '../../src/plan/index.ts';
import { scaled } from '../../src/planner/beside/scaled.ts';
import { makePlan, type PlanRequest, readAudit, verifyEvidence, writePlan } from '../../src/planner/index.ts';
import { confirmedBy, leastProtocol, met, victims } from '../support/evidence.ts';
import { networks } from '../support/networks.ts';
import { link, machine } from './arbitrary.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'cutline-ranged-'))));
afterAll(() => rm(folder, { recursive: true }));

/** How often each cut was audited. */
let audited: string[];
async function request(over: Partial<PlanRequest> = {}): Promise<PlanRequest> {
  const graph = await prepare(networks.chain.build({ seed: 3 }), engine);
  audited = [];
  return {
    model: { name: 'chain', sha256: modelSha256(encodeModel(graph)), graph, cuts: findCuts(graph) },
    profiles: { device: machine('device', 0.02), cloud: machine('cloud', 10), link: link(100, 0.1) },
    thresholds: { threat: 'white-box', maxSsim: 0.3, objective: 'latency' },
    codecs: ['float32'],
    defenses: [],
    protocol: leastProtocol,
    picture: null,
    created: new Date('2026-01-02T03:04:05Z'),
    engine,
    pictures: {
      calibration: [],
      dataSha256: 'd'.repeat(64),
      seed: 7,
      victims: () => victims,
      resolve: async (_, defense) => defense,
      audit: async (cut, defense) => {
        audited.push(cut);
        const ssim = cut === 'input' ? { mean: 0.9, low: 0.9, high: 0.9 } : { mean: 0.1, low: 0.08, high: 0.12 };
        const of = { cut, defense, codec: 'float32' as const, threat: 'white-box' as const, attack: 'rmle' };
        const entry = { ...of, ssim, ...met };
        return { leakage: [entry], results: [entry], confirmation: confirmedBy([entry], [entry]) };
      },
    },
    ...over,
  };
}
const wide = { bandwidth: [1e-3, 1], device: [0.2, 5] } as const;
const way = ({ cut, defense, codec }: Pick<Plan, 'cut' | 'defense' | 'codec'>) => `${cut.id} ${defense} ${codec}`;

describe('a safe set', () => {
  it('has the routes that are cheapest somewhere in the range, each with its files and its evidence', async () => {
    const outcome = await makePlan(await request({ ranged: { as: 'safe-set', ...wide } }));
    const plan = outcome.plan!;
    const routes = routesOf(plan);
    expect(routes.length).toBeGreaterThan(2);
    expect(new Set(routes.map(way)).size).toBe(routes.length);
    const chosen = outcome.atPaces.flatMap((at) =>
      at.chosen ? [way({ ...at.chosen, cut: { id: at.chosen.cut, tensors: [] } })] : [],
    );
    expect(new Set(routes.map(way))).toEqual(new Set([way(plan), ...chosen, 'output none float32']));
    expect(new Set(audited).size).toBe(audited.length);
    verifyId(plan);
    verifyPlan(plan, { protocol: leastProtocol });

    const path = await writePlan(folder, plan, outcome);
    const read = await readPlan(path);
    expect(read).toEqual(plan);
    for (const { head, tail } of routesOf(read)) {
      for (const part of [head, tail]) {
        if (!part) continue;
        const bytes = await readFile(join(folder, part.file));
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(part.sha256);
      }
    }
    const audit = await readAudit(join(folder, 'audit.json'), plan.model.sha256, undefined);
    for (const route of routesOf(read)) if (route.evidence.length > 0) verifyEvidence(route, audit, leastProtocol);
    // What the next plan does not have does not stay.
    const alone = await makePlan(await request());
    await writePlan(folder, alone.plan!, alone);
    expect((await readdir(folder)).filter((name) => /-\d/.test(name))).toEqual([]);
  });

  it('begins with the plan that would be made without it, and predicts every route for the profiles as they are', async () => {
    const alone = (await makePlan(await request())).plan!;
    const { plan, result } = await makePlan(await request({ ranged: { as: 'safe-set', ...wide } }));
    expect(way(plan!)).toBe(way(alone));
    expect(plan!.predicted).toEqual(alone.predicted);
    for (const route of routesOf(plan!)) {
      const here = result.candidates.find((c) => c.cut === route.cut.id)!;
      expect(route.predicted.latencyMs).toEqual(here.latencyMs);
    }
  });

  it('confirms no more candidates in all than the protocol lets share its error', async () => {
    const one = parseProtocol(
      { ...leastProtocol, name: 'one', confirmation: { victims: 50, candidates: 1, error: 0.025 } },
      'test',
    );
    const { plan, atPaces } = await makePlan(await request({ protocol: one, ranged: { as: 'safe-set', ...wide } }));
    expect(routesOf(plan!).filter((route) => route.evidence.length > 0)).toHaveLength(1);
    expect(atPaces.length).toBeGreaterThan(5);
  });
});

describe('a robust plan', () => {
  it('is the cheapest where link and device are slowest, and is predicted for the profiles as they are', async () => {
    const asked = await request({ ranged: { as: 'robust', ...wide } });
    const { plan } = await makePlan(asked);
    const slow = scaled(asked.profiles, { bandwidth: 1e-3, device: 0.2 });
    const there = (await makePlan({ ...(await request()), profiles: slow })).plan!;
    expect(way(plan!)).toBe(way(there));
    expect(plan!.predicted.latencyMs.total).toBeLessThan(there.predicted.latencyMs.total);
    expect(plan!.safeSet).toBeUndefined();
  });
});

describe('options of a range', () => {
  it.each([
    [{ bandwidthRange: '0.1..1' }, 'give one of them'],
    [{ speedRange: '0.1..1' }, 'give one of them'],
    [{ safeSet: true, robust: true }, 'give one of them'],
    [{ safeSet: true, tiers: 'tiers.yaml' }, 'not --tiers'],
    [{ robust: true, at: 'conv1' }, '--at names one'],
    [{ safeSet: true, bandwidthRange: '1..0.1' }, 'the lower first'],
    [{ safeSet: true, bandwidthRange: '0..1' }, 'two factors'],
    [{ safeSet: true, bandwidthRange: '-1..1' }, 'two factors'],
    [{ safeSet: true, speedRange: '0.5' }, 'two factors'],
    [{ safeSet: true, speedRange: '0.5..1..2' }, 'two factors'],
    [{ safeSet: true, speedRange: '..' }, 'two factors'],
    [{ safeSet: true, speedRange: 'a..b' }, 'two factors'],
    [{ safeSet: true, speedRange: '1..Infinity' }, 'two factors'],
  ])('%o are refused', (options, problem) => {
    expect(() => rangedOf(options)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(problem) }),
    );
  });

  it('are what a shared link and a hot processor fall to where nobody says otherwise', () => {
    expect(rangedOf({})).toBeUndefined();
    expect(rangedOf({ safeSet: true })).toEqual({ as: 'safe-set', bandwidth: [0.1, 1], device: [0.5, 1] });
    expect(rangedOf({ robust: true, speedRange: '0.25..2' })).toMatchObject({ as: 'robust', device: [0.25, 2] });
  });
});
