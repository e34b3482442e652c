import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeShort, type ShortHeader } from '../../src/broker/index.ts';
import type { ConsumerOptions } from '../../src/cloud/consumer.ts';
import { activation, answered, expected, id, settle, start, tensors, topic } from './started.ts';

describe('a consumer with short messages', () => {
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
