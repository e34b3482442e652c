/** What an uplink believes of what comes in, with a real broker between it and whoever answers. */
import { deflateRawSync } from 'node:zlib';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Body,
  type Broker,
  createCodec,
  decodeMessage,
  type EncodedTensor,
  type Envelope,
  type ExpectedTensor,
  encodeEnvelope,
  encodeShort,
  expectedAnswer,
  startBroker,
} from '../../src/broker/index.ts';
import type { SentPlan } from '../../src/device/heard.ts';
import type { RefusalKind } from '../../src/device/refusal-kinds.ts';
import { Session } from '../../src/device/session.ts';
import { Uplink } from '../../src/device/uplink.ts';
import { float32 } from '../../src/model/index.ts';

const id = (n: number) => n.toString(16).padStart(32, '0');
const right = await createCodec('float32').encode('y', float32([1, 2, 3], [1, 3]));
const header = { planId: 'plan', deviceId: 'cam-1', bootId: id(9), sequence: 0, createdMs: 0, expiresMs: 1e6 };
const sent: ExpectedTensor[] = [{ name: 'y', dtype: 'float32', shape: [1, 3], codecs: ['float32'] }];
const message = (n: number) => {
  const full = { ...header, correlationId: id(n) };
  return {
    correlationId: id(n),
    planId: 'plan',
    first: session.write(full, [right]),
    again: () => session.writeInFull(full, [right]),
  };
};
const result = (...tensors: EncodedTensor[]): Body => ({
  kind: 'result',
  tensors,
  queueMs: 0,
  tailMs: 0,
  decodeMs: 0,
});

let broker: Broker;
let stranger: MqttClient;
let uplink: Uplink;
let session: Session;
let plans: SentPlan[];
let log: string[];
/** Activations, as they came. */
let heard: ReturnType<typeof decodeMessage>[];

beforeAll(async () => {
  const limits = { maxPacketBytes: 1 << 20, maxClients: 10 };
  broker = await startBroker({ host: '127.0.0.1', port: 0, ...limits });
});
afterAll(() => broker.close());
beforeEach(async () => {
  stranger = await connectAsync(broker.url);
  await stranger.subscribeAsync('cutline/v1/yard/cam-1/act/plan');
  log = [];
  heard = [];
  stranger.on('message', (topic, payload) => {
    if (topic.endsWith('act/plan')) heard.push(decodeMessage(payload));
  });
  session = new Session(1e6, sent);
  plans = [
    { planId: 'plan', session, expected: expectedAnswer({ answer: [{ name: 'y', dtype: 'float32', shape: [1, 3] }] }) },
  ];
  uplink = new Uplink({
    plans,
    link: {
      connect: {
        url: broker.url,
        protocol: 4,
        clientId: 'cam-1',
        keepaliveS: 10,
        connectTimeoutMs: 1000,
        maxPacketBytes: 1 << 20,
      },
    },
    fleet: 'yard',
    device: 'cam-1',
    planId: 'plan',
    bootId: header.bootId,
    unpacking: 2,
    qos: 0,
    timeoutMs: 20_000,
    retries: 0,
    expiryMs: 20_000,
    inFlight: 8,
    healthMs: 50,
    log: (line) => log.push(line),
  });
});
afterEach(async () => {
  uplink.abandon();
  await uplink.close();
  await stranger.endAsync();
});

const say = (envelope: Envelope | Buffer) =>
  stranger.publishAsync(
    'cutline/v1/yard/cam-1/res',
    Buffer.isBuffer(envelope) ? envelope : Buffer.from(encodeEnvelope(envelope)),
  );
const answer = (n: number, body: Body, change: Partial<Envelope> = {}) =>
  say({ ...header, correlationId: id(n), body, ...change });

/** Asks, and waits until it was heard. */
async function ask(n: number) {
  const delivered = uplink.deliver(message(n)).then(
    ({ outcome }) => outcome.outputs,
    (error: unknown) => error,
  );
  await vi.waitFor(() => expect(heard.map((m) => m.correlationId)).toContain(id(n)));
  return { delivered };
}

describe('an uplink', () => {
  it.each<[string, RefusalKind, Body, Partial<Envelope>?]>([
    ['an output named otherwise', 'unfit', result({ ...right, name: 'evil' })],
    ['an output of another type', 'unfit', result({ ...right, dtype: 'bool', codec: 'raw', data: new Uint8Array(3) })],
    ['an output of another shape', 'unfit', result({ ...right, shape: [3] })],
    ['an output more', 'unfit', result(right, { ...right, name: 'evil' })],
    ['a codec that answers are not written in', 'unfit', result({ ...right, codec: 'uint8', scale: 1 })],
    ['too little data', 'unfit', result({ ...right, data: right.data.subarray(1) })],
    [
      'sixty million bytes in 58 kB',
      'oversized',
      result({ ...right, shape: [1, 15e6], codec: 'float32+deflate', data: deflateRawSync(new Uint8Array(60e6)) }),
    ],
    [
      'six million bytes in 6 kB',
      'unfit',
      result({ ...right, shape: [1, 15e5], codec: 'float32+deflate', data: deflateRawSync(new Uint8Array(6e6)) }),
    ],
    [
      'the right shape, and six million bytes behind it',
      'unfit',
      result({ ...right, codec: 'float32+deflate', data: deflateRawSync(new Uint8Array(6e6)) }),
    ],
    [
      'what does not inflate',
      'unfit',
      result({ ...right, codec: 'float32+deflate', data: new Uint8Array(9).fill(255) }),
    ],
    [
      'one number more, deflated',
      'unfit',
      result({ ...right, codec: 'float32+deflate', data: deflateRawSync(new Uint8Array(16)) }),
    ],
    ['an activation', 'foreign', { kind: 'activation', tensors: [right] }],
    ['another device', 'foreign', result(right), { deviceId: 'cam-2' }],
    ['another plan', 'foreign', result(right), { planId: 'other' }],
    ['nothing that was asked', 'unknown', result(right), { correlationId: id(7) }],
    ['a failure of nothing that was asked', 'unknown', failure(), { correlationId: id(7) }],
  ])('drops an answer with %s, and takes the right one after it', async (_, kind, body, change) => {
    uplink.start();
    const { delivered } = await ask(1);
    const before = process.memoryUsage().arrayBuffers;
    await answer(1, body, change);
    await vi.waitFor(() => expect(uplink.counts.refused[kind]).toBe(1));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4e6);
    await answer(1, result(right));
    expect(await delivered).toEqual({ y: float32([1, 2, 3], [1, 3]) });
    expect(uplink.counts).toMatchObject({ hostile: 1, waiting: 0 });
    expect(log.filter((line) => line.startsWith('dropped'))).toHaveLength(1);
  });

  it('takes an answer that is deflated', async () => {
    uplink.start();
    const { delivered } = await ask(1);
    await answer(1, result({ ...right, codec: 'float32+deflate', data: deflateRawSync(right.data) }));
    expect(await delivered).toEqual({ y: float32([1, 2, 3], [1, 3]) });
  });

  it('writes short when an answer was short, and in full for whoever does not know the session', async () => {
    const forms = () => heard.map((m) => ('bodyWith' in m ? 'short' : 'full'));
    uplink.start();
    const sessionId = () => (heard[0] as Envelope).session!.id;
    const shortly = (n: number, body: Body) =>
      say(Buffer.from(encodeShort({ sessionId: sessionId(), correlationId: id(n), sequence: 0, atMs: 0 }, body, sent)));
    const outputs = { y: float32([1, 2, 3], [1, 3]) };
    const first = await ask(1);
    await shortly(1, result(right));
    expect(await first.delivered).toEqual(outputs);
    const second = await ask(2);
    expect(forms()).toEqual(['full', 'short']);
    // Another consumer gets it.
    await shortly(2, { kind: 'failure', code: 'UNKNOWN_SESSION', message: '' });
    await vi.waitFor(() => expect(forms()).toEqual(['full', 'short', 'full']));
    expect(heard[2]).toMatchObject({ ...header, correlationId: id(2), session: { id: sessionId() } });
    await answer(2, result(right));
    expect(await second.delivered).toEqual(outputs);
    // It knows of no sessions.
    await ask(3);
    expect(forms()).toEqual(['full', 'short', 'full', 'full']);
    expect(uplink.counts).toMatchObject({ resends: 1, hostile: 0 });
  });

  it('drops short answers of sessions that are not its own', async () => {
    uplink.start();
    await ask(1);
    const foreign = { sessionId: 'ab'.repeat(4), correlationId: id(1), sequence: 0, atMs: 0 };
    await say(Buffer.from(encodeShort(foreign, result(right), sent)));
    await vi.waitFor(() => expect(uplink.counts.refused.foreign).toBe(1));
    expect(uplink.counts.waiting).toBe(1);
  });

  it('drops an answer by another of its plans than the one that was asked, and takes the right one after it', async () => {
    const other: SentPlan = { ...plans[0]!, planId: 'other', session: new Session(1e6, sent) };
    plans.push(other);
    try {
      uplink.start();
      const { delivered } = await ask(1);
      await answer(1, result(right), { planId: 'other' });
      await vi.waitFor(() => expect(uplink.counts.refused.foreign).toBe(1));
      await answer(1, result(right));
      expect(await delivered).toEqual({ y: float32([1, 2, 3], [1, 3]) });
    } finally {
      plans.pop();
    }
  });

  it('says in its health what it refused, by kind', async () => {
    await stranger.subscribeAsync('cutline/v1/yard/cam-1/health');
    const health: { refused?: object }[] = [];
    stranger.on('message', (topic, payload) => {
      if (topic.endsWith('health')) health.push(JSON.parse(payload.toString()));
    });
    uplink.start();
    await ask(1);
    await say(Buffer.from('no envelope'));
    await answer(1, result({ ...right, name: 'evil' }));
    await answer(2, result(right));
    await vi.waitFor(() =>
      expect(health.at(-1)).toMatchObject({ hostile: 3, refused: { malformed: 1, unfit: 1, unknown: 1, foreign: 0 } }),
    );
  });
});

function failure(): Body {
  return { kind: 'failure', code: 'INTERNAL', message: 'failed' };
}
