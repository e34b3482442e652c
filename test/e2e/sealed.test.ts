/** Sealed messages between real processes, and a stranger who may say whatever it likes on every topic. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createCodec, decodeMessage, encodeEnvelope } from '../../src/broker/index.ts';
import { addMessageKey } from '../../src/cli/message-keys.ts';
import { float32 } from '../../src/model/index.ts';
import { type Deployment, deploy } from './support/deployment.ts';
import { type Fleet, fleet, summaryOf } from './support/fleet.ts';

const IMAGES = 100;
let deployment: Deployment;
let f: Fleet;
let stranger: MqttClient | undefined;
beforeAll(async () => {
  deployment = await deploy({ images: IMAGES });
  await addMessageKey(deployment.folder, 'yard', 'cam-1');
});
afterAll(() => deployment?.remove());
afterEach(async () => {
  await stranger?.endAsync(true);
  await f?.end();
});

const keyed = { messageKeys: 'fleet.keys.json' };
const own = { messageKeys: 'cam-1.keys.json', inFlight: 4 };

it('what a stranger forges, repeats, bends or sends to others counts for nothing, and every answer is right', async () => {
  f = await fleet('aedes', deployment);
  await f.broker();
  const consumer = await f.consumer(keyed);
  // What the network answers, from a run without anybody in between.
  const quiet = await f.agent(own);
  expect(await quiet.ended).toBe(0);
  const answers = (agent: typeof quiet) => summaryOf(agent).results.map((r) => ('top1' in r ? r.top1 : 'error'));
  const right = answers(quiet);
  stranger = await connectAsync(f.url, { reconnectPeriod: 0 });
  const heard: { topic: string; payload: Buffer }[] = [];
  let said = 0;
  const say = (topic: string, payload: Uint8Array) => {
    said++;
    stranger!.publish(topic, Buffer.from(payload));
  };
  const logits = [await createCodec('float32').encode('logits', float32(Array(10).fill(9), [1, 10]))];
  stranger.on('message', (topic, payload) => {
    if (heard.length < 400) heard.push({ topic, payload });
    const isAsked = topic.includes('/act/');
    if (heard.some((h) => h.payload.equals(payload) && h.payload !== payload)) return;
    const bent = Buffer.from(payload);
    bent[bent.length - 20]! ^= 1;
    say(topic, bent);
    say(topic, payload);
    if (!isAsked) return;
    // The one that an agent without keys would believe.
    const { correlationId } = sealedHeader(payload);
    const forged = encodeEnvelope({
      planId: deployment.plan.planId,
      deviceId: 'cam-1',
      bootId: '0'.repeat(32),
      sequence: 0,
      correlationId,
      createdMs: Date.now(),
      expiresMs: Date.now() + 60_000,
      body: { kind: 'result', tensors: logits, queueMs: 0, tailMs: 0, decodeMs: 0 },
    });
    say(topic.replace(/act\/.*$/, 'res'), forged);
    say(topic.replace('cam-1', 'cam-2'), payload);
  });
  await stranger.subscribeAsync(['cutline/v1/yard/cam-1/+', 'cutline/v1/yard/cam-1/act/+']);
  const agent = await f.agent(own);
  expect(await agent.ended).toBe(0);
  await sleep(200);
  expect(said).toBeGreaterThan(IMAGES);
  expect(answers(agent)).toEqual(right);
  expect(summaryOf(agent).refused.forged).toBeGreaterThan(0);
  expect(await consumer.stop()).toBe(0);
  const counts = JSON.parse(consumer.stdout());
  expect(counts).toMatchObject({ answered: 2 * IMAGES });
  expect(counts.refused.forged).toBeGreaterThan(0);
});

it('who has no key, or another one, gets no answer; a new key is taken without a restart', async () => {
  f = await fleet('aedes', deployment);
  await f.broker();
  const consumer = await f.consumer(keyed);
  const one = { images: ['images/0000.png'], expiryMs: 1500, timeoutMs: 300 };
  const bare = await f.agent(one);
  expect(await bare.ended).toBe(1);
  const other = join(deployment.folder, 'other.keys.json');
  const text = await readFile(join(deployment.folder, 'cam-1.keys.json'), 'utf8');
  await writeFile(other, text.replace(/"secret": "[^"]+"/, `"secret": "${randomBytes(32).toString('base64')}"`), {
    mode: 0o600,
  });
  const wrong = await f.agent({ ...one, messageKeys: 'other.keys.json' });
  expect(await wrong.ended).toBe(1);
  await addMessageKey(deployment.folder, 'yard', 'cam-1');
  await consumer.says('read the keys of 1 devices again');
  const renewed = await f.agent({ ...one, expiryMs: 20_000, messageKeys: 'cam-1.keys.json' });
  expect(await renewed.ended).toBe(0);
  // A file of another device is a mistake of whoever set it up.
  const mistaken = await f.agent({ ...one, device: 'cam-2', messageKeys: 'cam-1.keys.json' });
  expect([await mistaken.ended, mistaken.stdout() + mistaken.stderr()]).toEqual([
    2,
    expect.stringContaining('KEY_INVALID'),
  ]);
});

/** Of a sealed message whatever is readable: a body is put in so that it decodes. */
function sealedHeader(payload: Buffer): { correlationId: string } {
  const at = payload.lastIndexOf(Buffer.from([0x7a]), payload.length - 40);
  const failure = Buffer.from([0x5a, 0x03, 0x0a, 0x01, 0x58]);
  for (let i = at; i > 0; i = payload.lastIndexOf(0x7a, i - 1)) {
    try {
      return decodeMessage(Buffer.concat([payload.subarray(0, i), failure]));
    } catch {
      // Not that one.
    }
  }
  return { correlationId: 'f'.repeat(32) };
}
