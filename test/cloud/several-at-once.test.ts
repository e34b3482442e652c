import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createCodec, decodeTensors } from '../../src/broker/index.ts';
import type { Tail } from '../../src/cloud/tail.ts';
import { asFloat32, float32 } from '../../src/model/index.ts';
import { activation, answered, expected, id, settle, start } from './started.ts';

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
