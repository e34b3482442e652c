/** What users and networks do wrong, with real processes: one coded error, the right exit code, nothing left behind. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKeys } from '../../src/cli/make-keys.ts';
import { type Plan, readSigningKey, signPlan } from '../../src/plan/index.ts';
import { named } from '../plan/sample.ts';
import { startProxy } from '../support/proxy.ts';
import { type Deployment, deploy } from './support/deployment.ts';
import { type Fleet, fleet, summaryOf } from './support/fleet.ts';
import { cutline, type Running } from './support/processes.ts';

let deployment: Deployment;
let f: Fleet;
beforeAll(async () => {
  deployment = await deploy({ images: 12 });
});
afterAll(() => deployment?.remove());
beforeEach(async () => {
  f = await fleet('aedes', deployment);
});
afterEach(() => f?.end());

async function failsWith(running: Running, exit: number, code: string): Promise<string> {
  expect(await running.ended).toBe(exit);
  expect(running.stderr()).not.toMatch(/\n\s+at /);
  // stdout holds one JSON document: the error, or a summary when there is one.
  JSON.parse(running.stdout());
  const said = running.stdout() + running.stderr();
  expect(said).toContain(code);
  return said;
}

const partFiles = async () => (await readdir(deployment.folder)).filter((name) => name.endsWith('.tmp'));

describe('the agent', () => {
  it('retries a broker that is not there, says so, and gives up when told to', async () => {
    const agent = await f.agent({}, '--give-up-after', '1');
    const said = await failsWith(agent, 1, 'BROKER_UNREACHABLE');
    expect(said).toMatch(/ECONNREFUSED[\s\S]*trying again in/);
  });

  it('times out without a consumer and says so', async () => {
    await f.broker();
    const agent = await f.agent({ timeoutMs: 50, retries: 1, images: ['images/0000.png'] });
    const said = await failsWith(agent, 1, 'INFERENCES_FAILED');
    expect(said).toContain('no answer within 50 ms; sending again (1 of 1)');
    expect(said).toMatch(/took it \d times; is `cutline consumer` running for this plan and fleet yard/);
    expect(summaryOf(agent).inferences).toEqual({ total: 1, answered: 0, failed: 1 });
  });

  it('refuses a plan for another head, and one without evidence, before it connects', async () => {
    const { plan } = deployment;
    await deployment.config('other.json', named({ ...plan, head: { ...plan.head!, sha256: 'f'.repeat(64) } }));
    await failsWith(await f.agent({ plan: 'other.json' }), 2, 'PLAN_OTHER_FILE');
    await deployment.config('bare.json', named({ ...plan, evidence: [] }));
    await failsWith(await f.agent({ plan: 'bare.json' }), 2, 'PLAN_WITHOUT_EVIDENCE');
    const ssim = { mean: 0.2, low: 0.1, high: 0.31, worstDecile: 0.3 };
    const weak = { ...plan.evidence[0]!, ssim };
    await deployment.config('weak.json', named({ ...plan, evidence: [weak] }));
    await failsWith(await f.agent({ plan: 'weak.json' }), 2, 'PLAN_WITHOUT_EVIDENCE');
  });

  it('refuses a truncated head even when the plan matches it', async () => {
    const { createHash } = await import('node:crypto');
    const bytes = Buffer.from('not an ONNX file');
    await writeFile(join(deployment.folder, 'broken.onnx'), bytes);
    const head = { file: 'broken.onnx', sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
    await deployment.config('broken.json', named({ ...deployment.plan, head }));
    await failsWith(await f.agent({ plan: 'broken.json' }), 2, 'ENGINE_LOAD');
  });

  it('names a key that is wrong and a file that is missing', async () => {
    expect(await failsWith(await f.agent({ colour: 'red' }), 2, 'CONFIG_INVALID')).toContain('colour: unknown key');
    await failsWith(
      cutline('agent', '--config', join(deployment.folder, 'absent.yaml'), '--json'),
      2,
      'FILE_NOT_FOUND',
    );
    await failsWith(await f.agent({ images: ['absent'] }), 2, 'FILE_NOT_FOUND');
  });

  it('says before it starts when the results cannot be written', async () => {
    const results = [join(deployment.planPath, 'results.jsonl'), deployment.folder];
    for (const path of results) await failsWith(await f.agent({}, '--results', path), 1, 'OUTPUT_NOT_WRITABLE');
    expect(await partFiles()).toEqual([]);
  });
});

describe('the consumer', () => {
  it('gives up without a broker when told to, and refuses the tail of another plan', async () => {
    const config = (content: object) =>
      deployment.config('consumer.yaml', { broker: { url: f.url }, fleet: 'yard', plan: 'plan.json', ...content });
    const start = async (content: object) =>
      cutline('consumer', '--config', await config(content), '--json', '--give-up-after', '0.5');
    await failsWith(await start({}), 1, 'BROKER_UNREACHABLE');
    await failsWith(await start({ tail: 'head.onnx' }), 2, 'PLAN_OTHER_FILE');
  });

  it('never sees activations of another plan: its agent waits for somebody who serves it, and says so', async () => {
    await f.broker();
    const consumer = await f.consumer();
    await deployment.config('foreign.json', named({ ...deployment.plan, serial: 99 }));
    const agent = await f.agent({ plan: 'foreign.json', images: ['images/0000.png'], timeoutMs: 200, expiryMs: 1500 });
    expect(await failsWith(agent, 1, 'INFERENCES_FAILED')).toMatch(/nobody answers for plan \w{32} in fleet yard/);
    expect(await consumer.stop()).toBe(0);
    expect(JSON.parse(consumer.stdout())).toMatchObject({ answered: 0, dropped: 0, failures: {} });
  });
});

describe('a bad network', () => {
  it('that is slow, swallows everything for a while, and cuts packets in the middle, costs time and no answer', async () => {
    await f.broker();
    const proxy = await startProxy(Number(new URL(f.url).port));
    try {
      proxy.latencyMs = 5;
      await f.consumer();
      const broker = { url: `mqtt://127.0.0.1:${proxy.port}`, keepaliveS: 1 };
      const agent = await f.agent({ broker, timeoutMs: 400, retries: 60 });
      await agent.says('connected');
      proxy.cutAfter(6000);
      await agent.says('lost');
      proxy.isBlackHole = true;
      await agent.says(/lost[\s\S]*(lost|no connection)/);
      proxy.isBlackHole = false;
      expect(await agent.ended).toBe(0);
      expect(summaryOf(agent).inferences).toEqual({ total: 12, answered: 12, failed: 0 });
    } finally {
      await proxy.close();
    }
  });
});

describe('the broker command', () => {
  it('says where it is, and refuses an outside address without password', async () => {
    const broker = cutline('broker', '--port', '0', '--json');
    await broker.says('cutline.broker/1');
    expect(JSON.parse(broker.stdout())).toMatchObject({ format: 'cutline.broker/1', host: '127.0.0.1' });
    expect(await broker.stop()).toBe(0);
    await failsWith(cutline('broker', '--port', '0', '--host', '0.0.0.0', '--json'), 2, 'BROKER_EXPOSED');
  });
});

it('agent and consumer run no plan that is altered, expired, unsigned or older than what they ran', async () => {
  const { folder, plan } = deployment;
  await makeKeys(folder, 'owner');
  const key = await readSigningKey(join(folder, 'owner.key'));
  const settings = { planKeys: ['owner.pub'] };
  const refused = async (name: string, content: Plan, code: string) => {
    await deployment.config(name, content);
    await failsWith(await f.agent({ plan: name, ...settings, planState: 'agent-state.json' }), 2, code);
    const config = { broker: { url: f.url }, fleet: 'yard', plan: name, ...settings, planState: 'cloud-state.json' };
    await failsWith(cutline('consumer', '--config', await deployment.config('c.yaml', config), '--json'), 2, code);
  };
  await f.broker();
  await deployment.config('signed.json', signPlan(plan, key, { serial: 50 }));
  await f.consumer({ plan: 'signed.json', ...settings, planState: 'cloud-state.json' });
  const images = ['images/0000.png'];
  const agent = await f.agent({ plan: 'signed.json', images, ...settings, planState: 'agent-state.json' });
  expect(await agent.ended).toBe(0);
  await refused('altered.json', { ...signPlan(plan, key, { serial: 60 }), codec: 'float16' }, 'PLAN_ALTERED');
  await refused('expired.json', signPlan(plan, key, { serial: 60, expires: new Date(0) }), 'PLAN_EXPIRED');
  await refused('plan.json', plan, 'PLAN_UNSIGNED');
  await refused('older.json', signPlan(plan, key, { serial: 49 }), 'PLAN_OLDER');
});
