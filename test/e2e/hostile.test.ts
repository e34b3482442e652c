/** A stranger who reads activations and publishes as fast as the broker takes it: nothing counts, and memory stays bounded. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeMessage, type EncodedTensor, encodeEnvelope, encodeShort } from '../../src/broker/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { asFloat32 } from '../../src/model/index.ts';
import { type Deployment, deploy } from './support/deployment.ts';
import { fleet, summaryOf } from './support/fleet.ts';
import type { Running } from './support/processes.ts';

const IMAGES = 300;
let deployment: Deployment;
let engine: Engine;
beforeAll(async () => {
  deployment = await deploy({ images: IMAGES });
  engine = await createEngine({ threads: 1 });
});
afterAll(async () => {
  await engine?.close();
  await deployment?.remove();
});

/** 65 kB that would be 64 MB: as many numbers as a message may announce. */
const bomb = deflateRawSync(new Uint8Array(64e6));
const tensor = (change: Partial<EncodedTensor>): EncodedTensor => ({
  name: 'logits',
  dtype: 'float32',
  shape: [1, 10],
  codec: 'float32+deflate',
  scale: 0,
  zeroPoint: 0,
  data: bomb,
  ...change,
});
const small = deflateRawSync(new Uint8Array(6e6));
const answers: readonly EncodedTensor[] = [
  tensor({ shape: [1, 15e5], data: small }),
  tensor({ data: small }),
  tensor({ shape: [1, 16e6] }),
  tensor({}),
  tensor({ name: 'evil', dtype: 'bool', shape: [1, 64e6], codec: 'raw+deflate' }),
  tensor({ codec: 'code', shape: [1, 16e6], scale: 1, zeroPoint: 1, data: new Uint8Array(1) }),
  tensor({ codec: 'float32', data: new Uint8Array(65e3) }),
  tensor({ codec: 'raw', dtype: 'uint8', shape: [65e3], data: new Uint8Array(65e3) }),
];
const activations: readonly EncodedTensor[] = [
  tensor({ name: 'relu2', shape: [1, 16e6] }),
  tensor({ name: 'relu2', shape: [1, 16, 8, 8] }),
  tensor({ name: 'relu2', shape: [1, 16, 8, 8], codec: 'float32', data: new Uint8Array(65e3) }),
  tensor({ name: 'relu2', shape: [1, 16, 8, 8], codec: 'raw', data: new Uint8Array(4096) }),
];

/** The most memory a process has had, in MB, by the kernel's count. */
async function peakMb({ child }: Running): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1000;
}

/** Calls `next` for messages as long as the last has been taken, until it is told to stop. */
function flood(client: MqttClient, next: (n: number) => { topic: string; payload: Uint8Array }) {
  let sent = 0;
  let isOver = false;
  const go = (async () => {
    while (!isOver) {
      const { topic, payload } = next(sent++);
      await client.publishAsync(topic, Buffer.from(payload)).catch(() => {});
    }
  })();
  return {
    sent: () => sent,
    async stop() {
      isOver = true;
      await go;
    },
  };
}

it('a flood of forged answers and activations changes no answer and grows nobody', { timeout: 120_000 }, async () => {
  const f = await fleet('aedes', deployment);
  const clients: MqttClient[] = [];
  try {
    await f.broker();
    const consumer = await f.consumer();
    const [ear, mouth, other] = await Promise.all([0, 1, 2].map(() => connectAsync(f.url, { protocolVersion: 4 })));
    clients.push(ear!, mouth!, other!);
    const heard = { correlationId: '0'.repeat(32), bootId: '0'.repeat(32), sessionId: '0'.repeat(8) };
    ear!.on('message', (_, payload) => {
      try {
        const message = decodeMessage(payload);
        heard.correlationId = message.correlationId;
        if ('bodyWith' in message) heard.sessionId = message.sessionId;
        else heard.bootId = message.bootId;
      } catch {
        // Its own.
      }
    });
    await ear!.subscribeAsync('cutline/v1/yard/cam-1/act/+');
    const results = join(deployment.folder, 'hostile.jsonl');
    const agent = await f.agent({ timeoutMs: 3000, retries: 20 }, '--results', results);
    await agent.says('connected');
    const header = () => ({
      planId: deployment.plan.planId,
      deviceId: 'cam-1',
      bootId: heard.bootId,
      sequence: 0,
      correlationId: heard.correlationId,
      createdMs: Date.now(),
      expiresMs: Date.now() + 1e6,
    });
    // Every other one answers what waits just now.
    const res = flood(mouth!, (n) => {
      const correlationId = n % 2 ? header().correlationId : n.toString(16).padStart(32, '0');
      const body = {
        kind: 'result' as const,
        tensors: [answers[n % answers.length]!],
        queueMs: 0,
        tailMs: 0,
        decodeMs: 0,
      };
      const payload =
        n % 3 === 0
          ? encodeShort({ sessionId: heard.sessionId, correlationId, sequence: 0, atMs: 0 }, body, [])
          : encodeEnvelope({ ...header(), correlationId, body });
      return { topic: 'cutline/v1/yard/cam-1/res', payload };
    });
    const act = flood(other!, (n) => {
      const correlationId = n.toString(16).padStart(32, 'a');
      const body = { kind: 'activation' as const, tensors: [activations[n % activations.length]!] };
      const device = `mallory-${n % 3}`;
      const payload = encodeEnvelope({ ...header(), deviceId: device, correlationId, body });
      return { topic: `cutline/v1/yard/${device}/act/${deployment.plan.planId}`, payload };
    });
    let agentMb = 0;
    const watch = setInterval(() => void peakMb(agent).then((mb) => (agentMb = Math.max(agentMb, mb))), 100);
    expect(await agent.ended).toBe(0);
    clearInterval(watch);
    const consumerMb = await peakMb(consumer);
    await Promise.all([res.stop(), act.stop()]);
    const summary = summaryOf(agent);
    expect(summary.inferences).toEqual({ total: IMAGES, answered: IMAGES, failed: 0 });
    expect(summary.refused.oversized).toBeGreaterThan(20);
    expect(summary.refused.unknown).toBeGreaterThan(20);
    const whole = await engine.load(deployment.whole);
    for (const line of (await readFile(results, 'utf8')).trim().split('\n')) {
      const { index, top1 } = JSON.parse(line);
      const expected = asFloat32((await whole.run({ input: deployment.inputs[index]! })).logits);
      expect(top1).toBe(expected.indexOf(Math.max(...expected)));
    }
    expect(await consumer.stop()).toBe(0);
    const counts = JSON.parse(consumer.stdout());
    expect(counts.answered).toBe(IMAGES);
    expect(counts.failures.BAD_TENSORS).toBeGreaterThan(20);
    console.info(`${res.sent()} answers, ${act.sent()} activations; agent ${agentMb} MB, consumer ${consumerMb} MB`);
    // 175 without anybody who floods; before, 2 900 and an abort.
    expect(agentMb).toBeLessThan(260);
    expect(consumerMb).toBeLessThan(400);
  } finally {
    await Promise.all(clients.map((c) => c.endAsync(true)));
    await f.end();
  }
});
