/** One consumer of several plans, and what it remembers when it is killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCodec, decodeEnvelope, encodeEnvelope } from '../../src/broker/index.ts';
import { float32 } from '../../src/model/index.ts';
import { named } from '../plan/sample.ts';
import { type Deployment, deploy } from './support/deployment.ts';
import { fleet, summaryOf } from './support/fleet.ts';
import { cutline } from './support/processes.ts';

const IMAGES = 60;
let deployment: Deployment;
beforeAll(async () => {
  deployment = await deploy({ images: IMAGES });
  await deployment.config('next.json', named({ ...deployment.plan, serial: 2 }));
});
afterAll(() => deployment?.remove());

it('one consumer serves devices of several plans, and answers what it answered before it was killed', async () => {
  const f = await fleet('aedes', deployment);
  try {
    await f.broker();
    const settings = { plan: undefined, plans: [{ plan: 'plan.json' }, { plan: 'next.json' }], cachePath: 'answers' };
    const consumer = await f.consumer(settings);
    const agents = [await f.agent({ device: 'cam-1' }), await f.agent({ device: 'cam-2', plan: 'next.json' })];
    for (const agent of agents) {
      expect(await agent.ended).toBe(0);
      expect(summaryOf(agent).inferences).toEqual({ total: IMAGES, answered: IMAGES, failed: 0 });
    }
    const device = await connectAsync(f.url, { protocolVersion: 4 });
    const heard: Buffer[] = [];
    device.on('message', (_, payload) => heard.push(payload));
    await device.subscribeAsync('cutline/v1/yard/cam-3/res');
    const { planId } = deployment.plan;
    const relu2 = await createCodec('float32').encode(
      'relu2',
      float32(new Float32Array(1024).fill(0.5), [1, 16, 8, 8]),
    );
    const ids = { planId, deviceId: 'cam-3', bootId: '1'.repeat(32), correlationId: '2'.repeat(32), sequence: 0 };
    const times = { createdMs: Date.now(), expiresMs: Date.now() + 60_000 };
    const sent = encodeEnvelope({ ...ids, ...times, body: { kind: 'activation', tensors: [relu2] } });
    const ask = async () => {
      const before = heard.length;
      await device.publishAsync(`cutline/v1/yard/cam-3/act/${planId}`, Buffer.from(sent));
      await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(before + 1);
      return decodeEnvelope(heard.at(-1)!);
    };
    const first = await ask();
    expect(first.body.kind).toBe('result');
    // A commit to the disk takes its time.
    await sleep(200);
    await consumer.stop('SIGKILL');
    const second = await f.consumer(settings);
    expect(second.stderr()).toContain(`${2 * IMAGES + 1} answers are kept`);
    expect(await ask()).toEqual(first);
    await device.endAsync();
    expect(await second.stop()).toBe(0);
    const summary = JSON.parse(second.stdout());
    expect(summary).toMatchObject({ answered: 0, duplicates: 1, runs: 0, failures: {} });
    expect(summary.planIds).toHaveLength(2);
  } finally {
    await f.end();
  }
});

it.each<[string, object, string]>([
  ['no plan', { plan: undefined }, 'expected either plan or plans'],
  ['both settings', { plans: [{ plan: 'next.json' }] }, 'expected either plan or plans'],
  ['one plan twice', { plan: undefined, plans: [{ plan: 'plan.json' }, { plan: 'plan.json' }] }, 'stands there twice'],
  ['a cache in a file', { cachePath: 'plan.json' }, 'OUTPUT_NOT_WRITABLE'],
])('%s is a mistake that is named', async (_, settings, said) => {
  const common = { broker: { url: 'mqtt://127.0.0.1:9' }, fleet: 'yard', plan: 'plan.json', ...settings };
  const consumer = cutline('consumer', '--config', await deployment.config('wrong.yaml', common), '--json');
  expect(await consumer.ended).toBeGreaterThan(0);
  expect(consumer.stdout() + consumer.stderr()).toContain(said);
});
