import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  createCodec,
  decodeEnvelope,
  decodeMessage,
  decodeTensors,
  type EncodedTensor,
  type Envelope,
  type ExpectedTensor,
  encodeEnvelope,
  encodeShort,
  type ShortHeader,
} from '../../src/broker/index.ts';
import { Answers, type Given } from '../../src/cloud/answers.ts';
import { Consumer, type ConsumerOptions } from '../../src/cloud/consumer.ts';
import type { Served } from '../../src/cloud/item.ts';
import { KeptAnswers } from '../../src/cloud/kept-answers.ts';
import type { Tail } from '../../src/cloud/tail.ts';
import { CutlineError } from '../../src/errors.ts';
import { asFloat32, float32 } from '../../src/model/index.ts';

const topic = 'cutline/v1/yard/cam-1/act/plan';
const id = (n: number) => n.toString(16).padStart(32, '0');
const expected: ExpectedTensor[] = [{ name: 'relu2', dtype: 'float32', shape: [1, 2], codecs: ['float32'] }];
const answered: ExpectedTensor[] = [{ name: 'logits', dtype: 'float32', shape: [1, 2], codecs: ['float32'] }];
const tensors = [await createCodec('float32').encode('relu2', float32([1, 2], [1, 2]))];

function activation(n: number, change: Partial<Envelope> = {}): Buffer {
  const envelope: Envelope = {
    planId: 'plan',
    deviceId: 'cam-1',
    bootId: id(0),
    sequence: n,
    correlationId: id(n),
    createdMs: 1000,
    expiresMs: 2000,
    body: { kind: 'activation', tensors },
    ...change,
  };
  return Buffer.from(encodeEnvelope(envelope));
}

/** A consumer with a tail that answers when it is told to. */
function start({ served, ...options }: Partial<ConsumerOptions> & { readonly served?: Partial<Served> } = {}) {
  const answers: { device: string; envelope: Envelope }[] = [];
  const waiting: (() => void)[] = [];
  let runs = 0;
  const tail: Tail = {
    most: 1,
    takes: () => 1,
    async run() {
      runs++;
      await new Promise<void>((resolve) => waiting.push(resolve));
      return [{ logits: float32([3, 4], [1, 2]) }];
    },
  };
  const log: string[] = [];
  const consumer = new Consumer({
    fleet: 'yard',
    plans: [{ planId: 'plan', expected, answered, tail, waitMs: 0, ...served }],
    answers: new Answers(10, 1e6),
    concurrency: 1,
    queue: 3,
    queueBytes: 1e6,
    clockToleranceMs: 100,
    reply: async (device, _id, payload) => void answers.push({ device, envelope: decodeEnvelope(payload) }),
    log: (line) => log.push(line),
    now: () => 1500,
    ...options,
  });
  const release = async () => {
    await settle();
    waiting.shift()?.();
    await settle();
  };
  const codes = () => answers.map(({ envelope: { body } }) => (body.kind === 'failure' ? body.code : body.kind));
  return { consumer, answers, log, release, codes, runs: () => runs };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('a consumer', () => {
  it('answers an activation with the same ids, to its device', async () => {
    const { consumer, answers, release } = start();
    consumer.receive(topic, activation(1));
    await release();
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({
      device: 'cam-1',
      envelope: {
        correlationId: id(1),
        planId: 'plan',
        sequence: 1,
        body: { kind: 'result', tensors: [{ name: 'logits' }] },
      },
    });
  });

  it('runs a duplicate once: answers it from the cache, or not again while it is under way', async () => {
    const { consumer, release, codes, runs } = start();
    consumer.receive(topic, activation(1));
    consumer.receive(topic, activation(1));
    await release();
    expect(codes()).toEqual(['result']);
    consumer.receive(topic, activation(1));
    await settle();
    expect(codes()).toEqual(['result', 'result']);
    expect(runs()).toBe(1);
    expect(consumer.counts).toMatchObject({ answered: 1, duplicates: 2 });
  });

  it('does not answer one device from the cache of another', async () => {
    const { consumer, release, runs } = start();
    consumer.receive(topic, activation(1));
    await release();
    consumer.receive('cutline/v1/yard/cam-2/act/plan', activation(1, { deviceId: 'cam-2' }));
    await release();
    expect(runs()).toBe(2);
  });

  it('says why it has no result', async () => {
    const { consumer, codes } = start();
    consumer.receive(topic, activation(1, { planId: 'another' }));
    // Made 1 100 ms before it came, to live 300, while another took 500.
    consumer.receive(topic, activation(2, { createdMs: 400, expiresMs: 700 }));
    await settle();
    expect(codes()).toEqual(['PLAN_MISMATCH', 'EXPIRED']);
  });

  it('forgives a clock that is a little behind', async () => {
    const { consumer, release, codes } = start();
    consumer.receive(topic, activation(1, { expiresMs: 1401 }));
    await release();
    expect(codes()).toEqual(['result']);
  });

  it('refuses what its queue has no room for, by number and by bytes', async () => {
    const few = start();
    for (let n = 1; n <= 5; n++) few.consumer.receive(topic, activation(n));
    await settle();
    expect(few.codes()).toEqual(['OVERLOADED', 'OVERLOADED']);
    const small = start({ queueBytes: activation(1).length + 10 });
    small.consumer.receive(topic, activation(1));
    small.consumer.receive(topic, activation(2));
    await small.release();
    expect(small.codes().sort()).toEqual(['OVERLOADED', 'result']);
    small.consumer.receive(topic, activation(2));
    await small.release();
    expect(small.codes().sort()).toEqual(['OVERLOADED', 'result', 'result']);
  });

  it('finishes what it has admitted before it leaves, and refuses the rest', async () => {
    const { consumer, release, codes } = start();
    consumer.receive(topic, activation(1));
    let isDrained = false;
    const drained = consumer.drain().then(() => (isDrained = true));
    consumer.receive(topic, activation(2));
    await settle();
    expect([codes(), isDrained]).toEqual([['LEAVING'], false]);
    await release();
    await drained;
    expect(codes()).toEqual(['LEAVING', 'result']);
  });

  it.each<[string, readonly Partial<EncodedTensor>[]]>([
    ['another name', [{ name: 'conv1' }]],
    ['one tensor more', [{}, { name: 'conv1' }]],
    ['another type', [{ dtype: 'int32', codec: 'raw' }]],
    ['another shape of as many numbers', [{ shape: [2, 1] }]],
    ['another rank', [{ shape: [2] }]],
    ['another codec', [{ codec: 'float16', data: new Uint8Array(4) }]],
    ['the same codec deflated', [{ codec: 'float32+deflate', data: deflateRawSync(new Uint8Array(8)) }]],
    ['data too short', [{ data: new Uint8Array(7) }]],
    ['data too long', [{ data: new Uint8Array(9) }]],
    ['four bytes that announce sixty million', [{ shape: [1, 15e6], codec: 'code', scale: 1, zeroPoint: 1 }]],
  ])('takes up no place and no memory for %s', async (_, changes) => {
    const { consumer, codes, runs } = start();
    const before = process.memoryUsage().arrayBuffers;
    const sent = changes.map((change) => ({ ...tensors[0]!, ...change }));
    consumer.receive(topic, activation(1, { body: { kind: 'activation', tensors: sent } }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    await settle();
    expect([codes(), runs()]).toEqual([['BAD_TENSORS'], 0]);
  });

  it('unpacks what is deflated as far as the plan says, and no further', async () => {
    const bomb = deflateRawSync(new Uint8Array(32e6));
    const deflates: ExpectedTensor[] = [{ ...expected[0]!, shape: [1, 30_000], codecs: ['float32+deflate'] }];
    const { consumer, codes, release } = start({ served: { expected: deflates } });
    const send = (n: number, data: Uint8Array) => {
      const sent = [{ ...tensors[0]!, shape: [1, 30_000], codec: 'float32+deflate', data }];
      consumer.receive(topic, activation(n, { body: { kind: 'activation', tensors: sent } }));
    };
    send(1, bomb);
    send(2, deflateRawSync(new Uint8Array(119_999)));
    send(3, deflateRawSync(new Uint8Array(120_000)));
    await vi.waitFor(() => expect(codes()).toEqual(['BAD_TENSORS', 'BAD_TENSORS']));
    await vi.waitFor(async () => {
      await release();
      expect(codes().at(-1)).toBe('result');
    });
  });

  it('keeps of a message that waits what it needs, not what arrived with it', async () => {
    const { consumer, release, runs } = start({ queue: 1000 });
    const whole = new ArrayBuffer(64e6);
    const payload = activation(1);
    const held = (n: number) => {
      const bytes = activation(n);
      const part = Buffer.from(whole, n * 1000, bytes.length);
      part.set(bytes);
      return part;
    };
    consumer.receive(topic, payload);
    consumer.receive(topic, held(2));
    // What arrives next is written over it.
    new Uint8Array(whole).fill(255);
    await release();
    await release();
    expect(runs()).toBe(2);
    expect(consumer.counts).toMatchObject({ answered: 2, failures: {} });
  });

  describe('with short messages', () => {
    const session = { id: 'ab'.repeat(4), sinceMs: 1000, expiryMs: 600 };
    const short = (n: number, change: Partial<ShortHeader> = {}, places = expected) => {
      const header = { sessionId: session.id, correlationId: id(n), sequence: n, atMs: 0, ...change };
      return Buffer.from(encodeShort(header, { kind: 'activation', tensors }, places));
    };
    /** Answers as they travel. */
    function startShort(options: Partial<ConsumerOptions> = {}) {
      const sent: ReturnType<typeof decodeMessage>[] = [];
      const started = start({ reply: async (_d, _id, payload) => void sent.push(decodeMessage(payload)), ...options });
      const said = () =>
        sent.map((m) => {
          const body = 'bodyWith' in m ? m.bodyWith(answered) : m.body;
          const what = body.kind === 'failure' ? body.code : body.kind;
          return 'bodyWith' in m ? `${what} to ${m.sessionId}` : `${what} in full`;
        });
      return { ...started, sent, said };
    }

    it('answers short whoever offers a session, and in full who does not', async () => {
      const { consumer, release, said } = startShort();
      consumer.receive(topic, activation(1, { session }));
      consumer.receive(topic, activation(2));
      await release();
      await release();
      expect(said()).toEqual([`result to ${session.id}`, 'result in full']);
    });

    it('takes a short activation for what its session makes of it', async () => {
      const { consumer, release, sent, said } = startShort();
      consumer.receive(topic, activation(1, { session }));
      await release();
      consumer.receive(topic, short(2, { atMs: 10 }));
      await release();
      expect(said()).toEqual([`result to ${session.id}`, `result to ${session.id}`]);
      expect(sent[1]).toMatchObject({ correlationId: id(2) });
      // Made at 1000 and some, to live for 600; 100 are tolerated. The first came in 1000, so that no more is known of its clock.
      let now = 2000;
      const late = startShort({ now: () => now });
      late.consumer.receive(topic, activation(1, { session, expiresMs: 5000 }));
      now = 3000;
      late.consumer.receive(topic, short(2, { atMs: 399 }));
      late.consumer.receive(topic, short(3, { atMs: 401 }));
      await late.release();
      await late.release();
      expect(late.said()).toEqual([`EXPIRED to ${session.id}`, ...Array(2).fill(`result to ${session.id}`)]);
    });

    it('asks in words for the full form of a session that it does not know', async () => {
      const { consumer, said, runs } = startShort();
      consumer.receive(topic, short(1));
      // Somebody else's session is nobody's.
      consumer.receive('cutline/v1/yard/cam-2/act/plan', activation(2, { deviceId: 'cam-2', session }));
      consumer.receive(topic, short(3));
      await settle();
      expect(said().slice(0, 2)).toEqual([`UNKNOWN_SESSION to ${session.id}`, `UNKNOWN_SESSION to ${session.id}`]);
      expect(runs()).toBe(1);
    });

    it('lets nobody change a session that it knows', async () => {
      const { consumer, release, codes } = start();
      consumer.receive(topic, activation(1, { session }));
      consumer.receive(topic, activation(2, { session: { ...session, sinceMs: 0, expiryMs: 1 } }));
      await release();
      await release();
      consumer.receive(topic, short(3));
      await release();
      expect(consumer.counts).toMatchObject({ answered: 3, failures: {} });
      expect(codes).toBeDefined();
    });

    it('drops a place that the plan does not have, and holds what stands at one against the plan', async () => {
      const { consumer, said } = startShort();
      consumer.receive(topic, activation(1, { session }));
      consumer.receive(
        topic,
        short(
          2,
          {},
          [expected[0]!, expected[0]!].map((e, i) => ({ ...e, name: i ? 'relu2' : 'x' })),
        ),
      );
      const other = short(3, {}, []);
      consumer.receive(topic, Buffer.concat([other.subarray(0, 0), other]));
      const deflated = [{ ...tensors[0]!, data: new Uint8Array(9) }];
      const header = { sessionId: session.id, correlationId: id(4), sequence: 4, atMs: 0 };
      consumer.receive(topic, Buffer.from(encodeShort(header, { kind: 'activation', tensors: deflated }, expected)));
      await settle();
      expect(consumer.counts).toMatchObject({ refused: { malformed: 1 } });
      expect(said()).toEqual([`BAD_TENSORS to ${session.id}`]);
    });
  });

  it('owes a flood no more refusals than it can hold', async () => {
    const { consumer } = start({ reply: () => new Promise(() => {}) });
    for (let n = 0; n < 1000; n++) consumer.receive(topic, activation(n, { planId: 'another' }));
    await settle();
    expect(consumer.counts).toMatchObject({ failures: { PLAN_MISMATCH: 1000 }, unsent: 744 });
  });

  it('answers INTERNAL when the tail fails, and lives on', async () => {
    const failing: Tail = { most: 1, takes: () => 1, run: async () => [new CutlineError('ENGINE_CRASHED')] };
    const { consumer, codes } = start({ served: { tail: failing } });
    consumer.receive(topic, activation(1));
    consumer.receive(topic, activation(2));
    await settle();
    expect(codes()).toEqual(['INTERNAL', 'INTERNAL']);
  });

  it('says so when the answer does not fit into a message', async () => {
    const sizes: number[] = [];
    const { consumer, release } = start({
      reply: async (_d, _id, payload) => {
        sizes.push(payload.length);
        const { body } = decodeEnvelope(payload);
        if (body.kind === 'result') throw new CutlineError('MESSAGE_TOO_LARGE', { bytes: 9, limit: 1, url: 'x' });
        expect(body).toMatchObject({ kind: 'failure', code: 'ANSWER_TOO_LARGE' });
      },
    });
    consumer.receive(topic, activation(1));
    await release();
    expect(sizes).toHaveLength(2);
  });

  it('drops what is not an activation of the device it came from, counts it, and says so ever more rarely', async () => {
    const { consumer, answers, log } = start();
    const result = activation(1, { body: { kind: 'result', tensors, queueMs: 0, tailMs: 0, decodeMs: 0 } });
    for (let i = 0; i < 100; i++) consumer.receive(topic, result);
    consumer.receive(topic, activation(1, { deviceId: 'cam-2' }));
    consumer.receive('cutline/v1/other/cam-1/act/plan', activation(1));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => consumer.receive(topic, Buffer.from(bytes))));
    await settle();
    expect(consumer.counts).toMatchObject({ dropped: 202, refused: { foreign: 102, malformed: 100 } });
    expect(answers).toHaveLength(0);
    expect(log).toHaveLength(8);
  });
});

describe('several at once', () => {
  /** Answers what it was asked, doubled, after any time. */
  const doubling = (most: number, sizes: number[]): Tail => ({
    most,
    takes: (waiting) => Math.min(waiting, most),
    async run(activations) {
      sizes.push(activations.length);
      await new Promise((resolve) => setTimeout(resolve, sizes.length % 3));
      return activations.map(({ relu2 }) => ({
        logits: float32(
          asFloat32(relu2!).map((v) => 2 * v),
          [1, 2],
        ),
      }));
    },
  });
  const asked = async (device: string, n: number, planId = 'plan') => {
    const body = [await createCodec('float32').encode('relu2', float32([n, Number(device.slice(4))], [1, 2]))];
    const content = { deviceId: device, planId, body: { kind: 'activation' as const, tensors: body } };
    return [`cutline/v1/yard/${device}/act/${planId}`, activation(n, content)] as const;
  };

  it('are answered each to its device with what it asked, however they come together', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 })), {
          minLength: 1,
          maxLength: 30,
        }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        async (senders, most, concurrency) => {
          const sizes: number[] = [];
          const served = { tail: doubling(most, sizes) };
          const { consumer, answers } = start({ served, concurrency, queue: 100 });
          for (const [n, [device, pauseMs]] of senders.entries()) {
            if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs - 1));
            consumer.receive(...(await asked(`cam-${device}`, n)));
          }
          await consumer.drain();
          expect(answers).toHaveLength(senders.length);
          for (const { device, envelope } of answers) {
            const { body, correlationId, deviceId } = envelope;
            if (body.kind !== 'result') throw new Error(body.kind);
            const [n, number] = asFloat32((await decodeTensors(body.tensors)).logits!);
            expect([deviceId, correlationId]).toEqual([device, id(n! / 2)]);
            expect(device).toBe(`cam-${number! / 2}`);
          }
          expect(Math.max(...sizes)).toBeLessThanOrEqual(most);
          expect(consumer.counts).toMatchObject({ answered: senders.length, runs: sizes.length });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('go together when they wait, and one alone does not wait for others unless it is told to', async () => {
    const sizes: number[] = [];
    const { consumer, answers } = start({ served: { tail: doubling(4, sizes) }, queue: 100 });
    for (let n = 0; n < 7; n++) consumer.receive(...(await asked('cam-1', n)));
    await consumer.drain();
    expect(sizes.reduce((a, b) => a + b)).toBe(7);
    expect(sizes).toContain(4);
    const patient: number[] = [];
    const waits = start({ served: { tail: doubling(4, patient), waitMs: 30 }, queue: 100 });
    const startMs = performance.now();
    waits.consumer.receive(...(await asked('cam-1', 1)));
    await settle();
    waits.consumer.receive(...(await asked('cam-2', 2)));
    await vi.waitFor(() => expect(waits.answers).toHaveLength(2));
    expect(performance.now() - startMs).toBeGreaterThan(25);
    expect([patient, answers.length]).toEqual([[2], 7]);
  });

  it('that wait give each device its turn, and whoever has most makes room', async () => {
    const { consumer, answers, release, codes } = start({ queue: 4 });
    for (let n = 1; n <= 4; n++) consumer.receive(...(await asked('cam-1', n)));
    await settle();
    consumer.receive(...(await asked('cam-2', 5)));
    // It has as much as anybody else.
    consumer.receive(...(await asked('cam-1', 6)));
    await settle();
    expect(codes()).toEqual(['OVERLOADED', 'OVERLOADED']);
    expect(answers.map((a) => a.envelope.correlationId)).toEqual([id(4), id(6)]);
    for (let n = 0; n < 4; n++) await release();
    const order = answers.slice(2).map((a) => `${a.device} ${Number.parseInt(a.envelope.correlationId, 16)}`);
    expect(order).toEqual(['cam-1 1', 'cam-1 2', 'cam-2 5', 'cam-1 3']);
  });

  it('of several plans are answered by their own tails; a topic and an envelope that disagree are refused', async () => {
    const tripling: Tail = {
      ...doubling(4, []),
      run: async (all) => all.map(() => ({ logits: float32([9, 9], [1, 2]) })),
    };
    const plans = [doubling(4, []), tripling].map((tail, i) => ({
      planId: `p${i}`,
      expected,
      answered,
      tail,
      waitMs: 0,
    }));
    const { consumer, answers } = start({ plans, queue: 100 });
    for (const [n, planId] of ['p0', 'p1', 'p0', 'p2'].entries())
      consumer.receive(...(await asked('cam-1', n + 1, planId)));
    const [, other] = await asked('cam-1', 5, 'p1');
    consumer.receive('cutline/v1/yard/cam-1/act/p0', other);
    await consumer.drain();
    const said = answers.map(
      ({ envelope: { planId, body } }) => `${planId} ${body.kind === 'failure' ? body.code : body.kind}`,
    );
    expect(said.sort()).toEqual(['p0 result', 'p0 result', 'p1 PLAN_MISMATCH', 'p1 result']);
    expect(consumer.counts.refused.foreign).toBe(1);
  });
});

describe('the answers kept', () => {
  const given = (bytes: number): Given => ({
    kind: 'result',
    tensors: [{ ...tensors[0]!, data: new Uint8Array(bytes) }],
    queueMs: 0,
    tailMs: 0,
    decodeMs: 0,
  });

  it('are bounded in number and bytes, the oldest leaving first', () => {
    const left: string[] = [];
    const byNumber = new Answers(2, 10_000, (key) => left.push(key));
    for (const key of ['a', 'b', 'c']) byNumber.set(key, given(1));
    expect(['a', 'b', 'c'].map((k) => byNumber.get(k) !== undefined)).toEqual([false, true, true]);
    expect(left).toEqual(['a']);
    const byBytes = new Answers(10, 2500);
    for (const key of ['a', 'b', 'b', 'c']) byBytes.set(key, given(1000));
    expect(['a', 'b', 'c'].map((k) => byBytes.get(k) !== undefined)).toEqual([false, true, true]);
    byBytes.set('huge', given(2501));
    expect(byBytes.get('huge')).toBeUndefined();
  });

  it('outlive the process, as many and as young as they may be', async () => {
    const path = await mkdtemp(join(tmpdir(), 'cutline-answers-'));
    let now = 1e9;
    const log: string[] = [];
    const options = { path, maxEntries: 3, maxBytes: 1e5, now: () => now, log: (l: string) => log.push(l) };
    try {
      const first = await KeptAnswers.open(options);
      for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) {
        now++;
        first.set(key, given(i));
      }
      await first.close();
      const second = await KeptAnswers.open(options);
      expect(['a', 'b', 'c', 'd'].map((k) => second.get(k)?.tensors[0]?.data.length)).toEqual([undefined, 1, 2, 3]);
      await second.close();
      now += 3_600_000 - 1;
      const third = await KeptAnswers.open(options);
      expect(['b', 'c', 'd'].map((k) => third.get(k)?.tensors[0]?.data.length)).toEqual([undefined, 2, 3]);
      await third.close();
      expect(log.map((l) => l.split(' ')[0])).toEqual(['0', '3', '2']);
      // Of a file that is none of its own, LMDB would make a crash.
      await writeFile(join(path, 'data.mdb'), Buffer.alloc(8192, 1));
      await expect(KeptAnswers.open(options)).rejects.toMatchObject({ code: 'STORE_INVALID' });
    } finally {
      await rm(path, { recursive: true });
    }
  });

  it('are written for whoever asks again: a device that restarted has another session', async () => {
    const sent: ReturnType<typeof decodeMessage>[] = [];
    const { consumer, release } = start({ reply: async (_d, _id, payload) => void sent.push(decodeMessage(payload)) });
    const offers = ['ab', 'cd'].map((id) => ({ id: id.repeat(4), sinceMs: 1000, expiryMs: 600 }));
    consumer.receive(topic, activation(1, { session: offers[0]! }));
    await release();
    consumer.receive(topic, activation(1, { session: offers[1]!, bootId: id(7) }));
    consumer.receive(topic, activation(1));
    await settle();
    expect(sent.map((m) => ('bodyWith' in m ? m.sessionId : 'in full'))).toEqual([
      offers[0]!.id,
      offers[1]!.id,
      'in full',
    ]);
  });
});
