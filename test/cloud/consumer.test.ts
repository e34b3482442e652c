import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { decodeEnvelope, type EncodedTensor, type ExpectedTensor } from '../../src/broker/index.ts';
import type { Tail } from '../../src/cloud/tail.ts';
import { CutlineError } from '../../src/errors.ts';
import { activation, expected, id, settle, start, tensors, topic } from './started.ts';

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
