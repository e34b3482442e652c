/** `cutline config check` and `cutline plan verify` of a plan with a safe set: every route is opened. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runConfigCheck } from '../../src/cli/run-config-check.ts';
import { runPlanVerify } from '../../src/cli/run-plan-verify.ts';
import type { Plan } from '../../src/plan/index.ts';
import { deployRoutes, type Routes } from '../e2e/support/routes.ts';
import { named } from '../plan/sample.ts';
import { leastProtocol } from '../support/evidence.ts';

let routes: Routes;
beforeAll(async () => {
  routes = await deployRoutes(1);
  await routes.deployment.config('least.yaml', leastProtocol);
});
afterAll(() => routes?.deployment.remove());

const common = { broker: { url: 'mqtt://127.0.0.1:1' }, fleet: 'yard' };
async function check(kind: 'agent' | 'consumer', plan: Plan, more: object = {}) {
  const { deployment } = routes;
  await deployment.config('checked.json', plan);
  const agent = { device: 'cam-1', protocol: './least.yaml', images: ['images'] };
  const settings = { ...common, plan: 'checked.json', ...(kind === 'agent' && agent), ...more };
  return runConfigCheck(await deployment.config('checked.yaml', settings), kind, { env: {}, set: [] });
}
const withMember = (change: (member: Plan) => Plan) => {
  const [first, ...rest] = routes.deployment.plan.safeSet!;
  return named({ ...routes.deployment.plan, safeSet: [change(first!), ...rest] as NonNullable<Plan['safeSet']> });
};

describe('a plan with a safe set', () => {
  it('is checked route by route, of an agent and of a consumer, which serves those with a tail', async () => {
    const { deployment, plans } = routes;
    const ids = plans.map((plan) => plan.planId);
    expect((await check('agent', deployment.plan)).plans.map((p) => p.planId)).toEqual(ids);
    expect((await check('consumer', deployment.plan)).plans.map((p) => p.planId)).toEqual(ids.slice(0, 2));
    const verified = await runPlanVerify({
      plan: deployment.planPath,
      protocol: join(deployment.folder, 'least.yaml'),
      audit: undefined,
      keys: [],
      model: undefined,
      shapes: [],
      inputs: [],
    });
    expect(verified.verified).toContain('the evidence meets protocol least (2 of 3 routes; the others need none)');
    expect(verified.verified.filter((line) => line.startsWith('route '))).toHaveLength(3);
  });

  it('is refused for what is wrong with any of its routes, by the name of that route', async () => {
    const bare = withMember((member) => named({ ...member, evidence: [] }));
    const { planId } = bare.safeSet![0]!;
    await expect(check('agent', bare)).rejects.toMatchObject({
      code: 'PLAN_WITHOUT_EVIDENCE',
      message: expect.stringContaining(planId),
    });
    const head = { file: 'missing.onnx', sha256: '1'.repeat(64), bytes: 1 };
    await expect(
      check(
        'agent',
        withMember((m) => named({ ...m, head })),
      ),
    ).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(
      check(
        'consumer',
        withMember((m) => named({ ...m, tail: head })),
      ),
    ).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
    await copyFile(join(routes.deployment.folder, 'head.onnx'), join(routes.deployment.folder, 'missing.onnx'));
    await expect(
      check(
        'agent',
        withMember((m) => named({ ...m, head })),
      ),
    ).rejects.toMatchObject({ code: 'PLAN_OTHER_FILE' });
    const ended = withMember((m) => named({ ...m, expires: '2020-01-01T00:00:00.000Z' }));
    await expect(check('agent', ended)).rejects.toMatchObject({ code: 'PLAN_EXPIRED' });
    const capped = withMember((m) => named({ ...m, evidence: m.evidence.map((e) => ({ ...e, bitsCap: 8 })) }));
    await expect(check('agent', capped)).rejects.toMatchObject({ code: 'PLAN_CAP' });
    await expect(
      check(
        'agent',
        withMember((m) => ({ ...m, codec: 'uint8' })),
      ),
    ).rejects.toMatchObject({ code: 'PLAN_ALTERED' });
  });

  it('has settings that are held against their ranges, and a recording that can be written', async () => {
    const { plan } = routes.deployment;
    for (const wrong of [{ betterBy: 0 }, { whenOffline: 'wait' }, { probe: { everyS: 0 } }, { unknown: 1 }])
      await expect(check('agent', plan, { routes: wrong })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await writeFile(join(routes.deployment.folder, 'file'), '');
    await expect(check('agent', plan, { routes: { log: 'file/moves.jsonl' } })).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
    });
    await expect(check('agent', plan, { routes: { log: 'moves.jsonl', betterBy: 0.1 } })).resolves.toBeDefined();
  });

  it('is counted against a privacy budget only where every route that sends has one to count', async () => {
    const privacyBudget = { ledger: 'ledger', epsilon: 1, delta: 1e-5, windowHours: 1 };
    await expect(check('agent', routes.deployment.plan, { privacyBudget })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('claims no ε'),
    });
  });
});
