import { describe, expect, it } from 'vitest';
import { createCodec, decodeMessage, type ExpectedTensor, type Header } from '../../src/broker/index.ts';
import { Session } from '../../src/device/session.ts';
import { float32 } from '../../src/model/index.ts';

const sent: ExpectedTensor[] = [{ name: 'relu2', dtype: 'float32', shape: [1, 4], codecs: ['float32'] }];
const tensor = await createCodec('float32').encode('relu2', float32([1, 2, 3, 4], [1, 4]));
const header = (createdMs: number): Header => ({
  planId: 'p',
  deviceId: 'd',
  bootId: '0'.repeat(32),
  sequence: 1,
  correlationId: 'f'.repeat(32),
  createdMs,
  expiresMs: createdMs + 5000,
});

/** What it wrote: a session in full, or a time in short. */
function write(session: Session, createdMs: number) {
  const message = decodeMessage(session.write(header(createdMs), [tensor]).payload);
  return 'bodyWith' in message
    ? { id: message.sessionId, atMs: message.atMs }
    : { id: message.session!.id, offer: message.session };
}

describe('a session', () => {
  it('is offered until a short result names it, and again after a consumer did not know it', () => {
    const session = new Session(5000, sent);
    const { id, offer } = write(session, 1000);
    expect(offer).toEqual({ id, sinceMs: 1000, expiryMs: 5000 });
    expect(write(session, 1100)).toEqual({ id, offer });
    session.answered(id);
    expect(write(session, 1250)).toEqual({ id, atMs: 250 });
    session.unknown();
    expect(write(session, 1300)).toEqual({ id, offer });
    session.answered(id);
    session.answered(undefined);
    expect(write(session, 1400)).toEqual({ id, offer });
  });

  it.each([
    ['back', 900],
    ['far ahead', 1000 + 2 ** 32],
  ])('ends when the clock is set %s: what it counts from no longer holds', (_, nowMs) => {
    const session = new Session(5000, sent);
    const { id } = write(session, 1000);
    session.answered(id);
    const next = write(session, nowMs);
    expect(next).toMatchObject({ offer: { sinceMs: nowMs } });
    expect(next.id).not.toBe(id);
    // Answers to what is still out are ours; they say nothing of the new one.
    expect([session.owns(id), session.owns(next.id), session.owns('0'.repeat(8))]).toEqual([true, true, false]);
    session.answered(id);
    expect(write(session, nowMs)).toHaveProperty('offer');
  });

  it('is written in full for longer each time when short messages are not understood', () => {
    const session = new Session(5000, sent);
    const { id } = write(session, 1000);
    const isShort = () => 'atMs' in write(session, 1000);
    /** Of messages that nobody ever understands in short: how many of so many were sent twice. */
    let twice = 0;
    for (let message = 0; message < 1000; message++) {
      if (isShort()) {
        twice++;
        session.unknown();
      }
      session.answered(id);
    }
    expect(twice).toBeGreaterThan(3);
    expect(twice).toBeLessThan(25);
  });

  it('is short again at once where a consumer that understood for long was started anew', () => {
    const session = new Session(5000, sent);
    const { id } = write(session, 1000);
    for (let restart = 0; restart < 5; restart++) {
      for (let i = 0; i < 40; i++) session.answered(id);
      expect(write(session, 1000)).toHaveProperty('atMs');
      session.unknown();
      // Others that were under way learn the same.
      session.unknown();
      session.answered(id);
      expect(write(session, 1000)).toHaveProperty('atMs');
    }
  });
});
