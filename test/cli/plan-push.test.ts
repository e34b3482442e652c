/** What an operator is told of pushed plans: by devices, and by whoever else may write there. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, type Connection, connect, startBroker, topicOf } from '../../src/broker/index.ts';
import { runPlanPush, unconfirmed } from '../../src/cli/run-plan-push.ts';
import { runPlanStatus } from '../../src/cli/run-plan-status.ts';
import { type Plan, signPlan } from '../../src/plan/index.ts';
import { newKey } from '../e2e/support/keys.ts';
import { samplePlan } from '../plan/sample.ts';

const topics = { state: topicOf('yard', 'cam-1', 'state'), plan: topicOf('yard', 'cam-1', 'plan') };
let folder: string;
let config: string;
let plan: Plan;
let broker: Broker;
let device: Connection;
let heard: (payload: Buffer) => void;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-push-'));
  plan = signPlan(samplePlan(), newKey().key, { serial: 7 });
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  broker = await startBroker({ host: '127.0.0.1', port: 0, maxPacketBytes: 1e6, maxClients: 9 });
  config = join(folder, 'operator.yaml');
  await writeFile(config, JSON.stringify({ broker: { url: broker.url }, fleet: 'yard' }));
  const common = { protocol: 4, keepaliveS: 10, connectTimeoutMs: 5000, maxPacketBytes: 1e6 } as const;
  device = await connect({ url: broker.url, clientId: 'device', ...common }, (_, payload) => heard(payload));
  heard = () => {};
  await device.subscribe(topics.plan, 0);
});
afterEach(async () => {
  await device.close();
  await broker.close();
});

const said = (planId: string, last: object | null, standing = 'factory') => {
  const update = { standing, broken: null, trial: null, last };
  const state = { format: 'cutline.state/1', status: 'online', device: 'cam-1', planId, bootId: 'b', update };
  return device.publish(topics.state, JSON.stringify(state), { qos: 1, retain: true });
};
const push = (wait: string) =>
  runPlanPush({
    plan: join(folder, 'plan.json'),
    config,
    device: ['cam-1'],
    from: undefined,
    parts: undefined,
    clear: false,
    wait,
  });
const other = 'f'.repeat(32);
const story = (outcome: string, at: string, problem?: string) => ({ planId: plan.planId, outcome, at, problem });

describe('plan push --wait', () => {
  it('does not take the refusal of an earlier push for that of this one', async () => {
    await said(other, story('refused', '2026-01-01T00:00:00.000Z', 'out of date'));
    heard = () =>
      void sleep(300).then(() => said(plan.planId, story('confirmed', '2026-01-02T00:00:00.000Z'), 'current'));
    expect((await push('20s')).devices).toMatchObject([{ taken: 'confirmed' }]);
  });

  it('tells of a refusal that is said again', async () => {
    await said(other, story('refused', '2026-01-01T00:00:00.000Z', 'out of date'));
    heard = () => void said(other, story('refused', '2026-01-02T00:00:00.000Z', 'still so'));
    const startMs = performance.now();
    expect((await push('20s')).devices).toMatchObject([{ taken: 'refused', problem: 'still so' }]);
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });

  it('does not take a confirmation of long ago for that a plan runs', async () => {
    await said(other, story('confirmed', '2026-01-01T00:00:00.000Z'), 'fallback');
    const problem = expect.stringContaining(`plan ${other} runs by now`);
    expect((await push('1s')).devices).toMatchObject([{ taken: 'unanswered', problem }]);
  });

  it('is told at once that the broker has gone', async () => {
    heard = () => void sleep(500).then(() => broker.close());
    const startMs = performance.now();
    await expect(push('60s')).rejects.toMatchObject({ code: 'BROKER_LOST' });
    expect(performance.now() - startMs).toBeLessThan(15_000);
  });

  it('shows no escape sequence of a stranger', async () => {
    await said(other, story('failed', 'x', '\u001b[2Jcleared\n\u202eaway'));
    const { message } = unconfirmed(await push('5s'))!;
    expect(message).toContain('cleared');
    expect(message).not.toMatch(/[\p{Cc}\u202e]/u);
  });
});

describe('plan status', () => {
  it('ends though somebody never stops speaking', { timeout: 15_000 }, async () => {
    await said(other, null);
    const speaking = setInterval(() => void said(other, null).catch(() => {}), 50);
    try {
      expect((await runPlanStatus(config)).devices).toMatchObject([{ device: 'cam-1', planId: other }]);
    } finally {
      clearInterval(speaking);
    }
  });
});
