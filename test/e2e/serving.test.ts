/** The three processes together, over both brokers. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type Engine, type Session } from '../../src/engine/index.ts';
import { asFloat32 } from '../../src/model/index.ts';
import { type Deployment, deploy } from './support/deployment.ts';
import { type BrokerKind, type Fleet, fleet, summaryOf } from './support/fleet.ts';
import { mosquittoMissing } from './support/processes.ts';

const IMAGES = 200;
let deployment: Deployment;
let engine: Engine;
let whole: Session;

beforeAll(async () => {
  deployment = await deploy({ images: IMAGES });
  engine = await createEngine({ threads: 1 });
  whole = await engine.load(deployment.whole);
});

afterAll(async () => {
  await engine?.close();
  await deployment?.remove();
});

const missing = mosquittoMissing();
if (missing) console.warn(`SKIPPED: serving over mosquitto: ${missing}`);

describe.each<{ kind: BrokerKind }>([{ kind: 'aedes' }, { kind: 'mosquitto' }])('serving over $kind', ({ kind }) => {
  let f: Fleet;
  beforeEach(async (context) => {
    if (kind === 'mosquitto' && missing) context.skip(missing);
    f = await fleet(kind, deployment);
  });
  afterEach(() => f?.end());

  it('answers 200 pictures as the unsplit network does', async () => {
    await f.broker();
    const consumer = await f.consumer();
    const results = join(deployment.folder, `results-${kind}.jsonl`);
    const agent = await f.agent({}, '--results', results);
    expect(await agent.ended).toBe(0);
    const summary = summaryOf(agent);
    expect(summary.inferences).toEqual({ total: IMAGES, answered: IMAGES, failed: 0 });
    const lines = (await readFile(results, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(IMAGES);
    for (const { index, outputs, top1 } of lines) {
      const expected = asFloat32((await whole.run({ input: deployment.inputs[index]! })).logits);
      const scale = Math.max(...expected.map(Math.abs));
      for (const [i, value] of outputs.logits.values.entries()) {
        expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-5 * scale);
      }
      expect(top1).toBe(expected.indexOf(Math.max(...expected)));
    }
    expect(await consumer.stop()).toBe(0);
    expect(JSON.parse(consumer.stdout())).toMatchObject({ format: 'cutline.consumer/1', answered: IMAGES, dropped: 0 });
    expect(agent.stderr()).toContain(kind === 'aedes' ? 'MQTT 3.1.1' : 'MQTT 5');
  });

  it('answers everything when the consumer is killed and another one started', async () => {
    await f.broker();
    const first = await f.consumer();
    const agent = await f.agent({ timeoutMs: 500, retries: 60 });
    await agent.says('connected');
    await sleep(60);
    expect(await first.stop('SIGKILL')).toBe('SIGKILL');
    await f.consumer();
    expect(await agent.ended).toBe(0);
    expect(summaryOf(agent).inferences).toEqual({ total: IMAGES, answered: IMAGES, failed: 0 });
    expect(summaryOf(agent).resends).toBeGreaterThan(0);
  });

  it('answers everything when the broker is killed and comes back', async () => {
    const broker = await f.broker();
    await f.consumer();
    const agent = await f.agent({ timeoutMs: 500, retries: 60, inFlight: 4 });
    await agent.says('connected');
    await sleep(60);
    await broker.stop('SIGKILL');
    await agent.says(/lost|no connection/);
    await f.broker();
    expect(await agent.ended).toBe(0);
    const summary = summaryOf(agent);
    expect(summary.inferences).toEqual({ total: IMAGES, answered: IMAGES, failed: 0 });
    expect(summary.reconnects).toBeGreaterThan(0);
  });

  it('says offline by its last will when the agent is killed, and by itself when it is asked to stop', async () => {
    await f.broker();
    const watcher = await connectAsync(f.url, { protocolVersion: kind === 'aedes' ? 4 : 5 });
    try {
      const states = await watch(watcher, 'cutline/v1/yard/cam-1/state');
      const killed = await f.agent({ expiryMs: 60_000 });
      await states.until('online');
      await killed.stop('SIGKILL');
      await states.until('offline');
      const stopped = await f.agent({ timeoutMs: 300 });
      await states.until('online');
      expect(await stopped.stop('SIGTERM')).toBe(0);
      await states.until('offline');
      expect(summaryOf(stopped)).toMatchObject({ stopped: true, inferences: { answered: 0 } });
    } finally {
      await watcher.endAsync(true);
    }
  });

  it('lives through garbage on the topics of activations and answers', async () => {
    await f.broker();
    const consumer = await f.consumer();
    const attacker = await connectAsync(f.url, { protocolVersion: kind === 'aedes' ? 4 : 5 });
    const agent = await f.agent({});
    let sent = 0;
    const garbage = setInterval(() => {
      for (const channel of [`act/${deployment.plan.planId}`, 'res']) {
        const bytes = Buffer.from(Array.from({ length: 1 + (sent % 64) }, (_, i) => (sent * 31 + i * 17) & 255));
        attacker.publish(`cutline/v1/yard/cam-1/${channel}`, bytes);
        sent++;
      }
    }, 2);
    try {
      expect(await agent.ended).toBe(0);
    } finally {
      clearInterval(garbage);
      await attacker.endAsync(true);
    }
    const summary = summaryOf(agent);
    expect(summary.inferences).toEqual({ total: IMAGES, answered: IMAGES, failed: 0 });
    expect(summary.hostile).toBeGreaterThan(0);
    expect(await consumer.stop()).toBe(0);
    expect(JSON.parse(consumer.stdout()).dropped).toBeGreaterThan(0);
  });

  it('hands over between consumers without losing an answer when one is asked to stop', async () => {
    await f.broker();
    const first = await f.consumer();
    await f.consumer();
    const agent = await f.agent({ timeoutMs: 500, inFlight: 4 });
    await agent.says('connected');
    await sleep(100);
    expect(await first.stop('SIGTERM')).toBe(0);
    expect(await agent.ended).toBe(0);
    expect(summaryOf(agent).inferences).toEqual({ total: IMAGES, answered: IMAGES, failed: 0 });
  });
});

async function watch(client: MqttClient, topic: string) {
  const seen: string[] = [];
  client.on('message', (_topic, payload) => seen.push(JSON.parse(payload.toString()).status));
  await client.subscribeAsync(topic, { qos: 1 });
  return {
    async until(status: string) {
      for (const deadline = Date.now() + 20_000; seen[0] !== status; await sleep(10)) {
        // States in between are passed over: only that it comes is of interest.
        if (seen.length > 0) seen.shift();
        if (Date.now() > deadline) throw new Error(`never ${status}`);
      }
      seen.shift();
    },
  };
}

describe.each([3_600_000, -3_600_000])('a device whose clock differs by %d ms', (off) => {
  let f: Fleet;
  afterEach(() => f?.end());

  it('is answered, every picture at the first try', async () => {
    f = await fleet('aedes', deployment);
    await f.broker();
    // The consumer's clock is the one that can be set from here; only the difference matters.
    const clock = `data:text/javascript,const now = Date.now; Date.now = () => now() - ${off}`;
    const consumer = await f.consumer({}, { NODE_OPTIONS: `--import "${encodeURI(clock)}"` });
    const agent = await f.agent({ expiryMs: 20_000, inFlight: 8 });
    expect(await agent.ended).toBe(0);
    expect(summaryOf(agent)).toMatchObject({ inferences: { answered: IMAGES, failed: 0 }, resends: 0 });
    await consumer.stop();
    expect(JSON.parse(consumer.stdout())).toMatchObject({ answered: IMAGES, failures: {} });
  });
});
