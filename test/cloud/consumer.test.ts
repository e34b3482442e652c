import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec, decodeEnvelope, type Envelope, encodeEnvelope } from '../../src/broker/index.ts';
import { Answers } from '../../src/cloud/answers.ts';
import { Consumer, type ConsumerOptions } from '../../src/cloud/consumer.ts';
import type { Tail } from '../../src/cloud/tail.ts';
import { CutlineError } from '../../src/errors.ts';
import { float32 } from '../../src/model/index.ts';

const topic = 'cutline/v1/yard/cam-1/act';
const id = (n: number) => n.toString(16).padStart(32, '0');
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
function start(options: Partial<ConsumerOptions> = {}) {
  const answers: { device: string; envelope: Envelope }[] = [];
  const waiting: (() => void)[] = [];
  let runs = 0;
  const tail: Tail = {
    refusal: (a) => ('relu2' in a ? undefined : 'no relu2'),
    async run() {
      runs++;
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { logits: float32([3, 4], [1, 2]) };
    },
  };
  const log: string[] = [];
  const consumer = new Consumer({
    fleet: 'yard',
    planId: 'plan',
    tail,
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
    consumer.receive('cutline/v1/yard/cam-2/act', activation(1, { deviceId: 'cam-2' }));
    await release();
    expect(runs()).toBe(2);
  });

  it('says why it has no result', async () => {
    const { consumer, codes } = start();
    consumer.receive(topic, activation(1, { planId: 'another' }));
    // Made 1 100 ms before it came, to live 300, while another took 500.
    consumer.receive(topic, activation(2, { createdMs: 400, expiresMs: 700 }));
    const other = [{ ...tensors[0]!, name: 'conv1' }];
    consumer.receive(topic, activation(3, { body: { kind: 'activation', tensors: other } }));
    const short = [{ ...tensors[0]!, data: new Uint8Array(1) }];
    consumer.receive(topic, activation(4, { body: { kind: 'activation', tensors: short } }));
    await settle();
    expect(codes()).toEqual(['PLAN_MISMATCH', 'EXPIRED', 'BAD_TENSORS', 'BAD_TENSORS']);
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

  it('refuses what it announces before anything is unpacked', async () => {
    // Four bytes that would be sixty million.
    const shape = [1, 15e6];
    const sent = {
      name: 'relu2',
      dtype: 'float32',
      shape,
      codec: 'code',
      scale: 1,
      zeroPoint: 1,
      data: Uint8Array.of(0),
    } as const;
    const asked: unknown[] = [];
    const tail: Tail = {
      refusal: ({ relu2 }) => {
        asked.push(relu2?.shape);
        return 'too long';
      },
      run: () => Promise.reject(new Error('it ran')),
    };
    const { consumer, codes } = start({ tail });
    const before = process.memoryUsage().arrayBuffers;
    consumer.receive(topic, activation(1, { body: { kind: 'activation', tensors: [sent] } }));
    await settle();
    expect([codes(), asked]).toEqual([['BAD_TENSORS'], [shape]]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
  });

  it('answers INTERNAL when the tail fails, and lives on', async () => {
    const failing: Tail = { refusal: () => undefined, run: () => Promise.reject(new CutlineError('ENGINE_CRASHED')) };
    const { consumer, codes } = start({ tail: failing });
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
    consumer.receive('cutline/v1/other/cam-1/act', activation(1));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => consumer.receive(topic, Buffer.from(bytes))));
    await settle();
    expect(consumer.counts.dropped).toBe(202);
    expect(answers).toHaveLength(0);
    expect(log).toHaveLength(8);
  });
});

describe('the answers kept', () => {
  it('are bounded in number and bytes, the oldest leaving first', () => {
    const byNumber = new Answers(2, 1000);
    for (const key of ['a', 'b', 'c']) byNumber.set(key, new Uint8Array(1));
    expect(['a', 'b', 'c'].map((k) => byNumber.get(k) !== undefined)).toEqual([false, true, true]);
    const byBytes = new Answers(10, 100);
    for (const key of ['a', 'b', 'b', 'c']) byBytes.set(key, new Uint8Array(50));
    expect(['a', 'b', 'c'].map((k) => byBytes.get(k) !== undefined)).toEqual([false, true, true]);
    byBytes.set('huge', new Uint8Array(101));
    expect(byBytes.get('huge')).toBeUndefined();
  });
});
