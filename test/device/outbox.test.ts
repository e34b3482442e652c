import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer, Message } from '../../src/device/message.ts';
import { Outbox, type OutboxOptions } from '../../src/device/outbox.ts';
import { CutlineError } from '../../src/errors.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const message = (id: string): Message => ({
  correlationId: id,
  planId: 'plan',
  first: { payload: Uint8Array.of(1), isShort: true },
  again: () => Uint8Array.of(2),
});
const result: Answer['body'] = { kind: 'result', outputs: {}, queueMs: 0, tailMs: 0, decodeMs: 0 };
const answer = (correlationId: string, body: Answer['body'] = result): Answer => ({
  correlationId,
  arrivedMs: 0,
  body,
});

function outbox(options: Partial<OutboxOptions> = {}) {
  const sent: string[] = [];
  const box = new Outbox({
    timeoutMs: 1000,
    retries: 2,
    expiryMs: 60_000,
    fleet: 'yard',
    keepaliveMs: 15_000,
    most: 64,
    settled: async () => {},
    send: async (id, _, { isShort }) => void sent.push(isShort ? id : `${id} in full`),
    log: () => {},
    random: () => 0,
    ...options,
  });
  const deliver = async (id: string) => {
    return box.deliver(message(id)).then(
      (d) => ({ tries: d.tries }),
      (error: unknown) => ({ code: (error as CutlineError).code }),
    );
  };
  return { box, sent, deliver };
}

describe('the outbox', () => {
  it('sends the same message again when no answer comes, and takes the first answer', async () => {
    const { box, sent, deliver } = outbox();
    box.up();
    const delivered = deliver('a');
    await vi.advanceTimersByTimeAsync(1500);
    expect(sent).toEqual(['a', 'a in full']);
    expect(box.answer(answer('a'))).toBe('taken');
    expect(await delivered).toEqual({ tries: 2 });
    expect(box.answer(answer('a'))).toBe('late twin');
    expect(box.answer(answer('never asked'))).toBe('unknown');
    expect(box.counts).toEqual({ resends: 1, lateTwins: 1, waiting: 0 });
  });

  it('gives up after its retries and says that no consumer answered', async () => {
    const { box, sent, deliver } = outbox();
    box.up();
    const delivered = deliver('a');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await delivered).toEqual({ code: 'NO_ANSWER' });
    expect(sent).toHaveLength(3);
  });

  it('does not count time without connection as tries, and sends everything when it is back', async () => {
    const { box, sent, deliver } = outbox();
    const delivered = [deliver('a'), deliver('b')];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toEqual([]);
    box.up();
    box.down();
    await vi.advanceTimersByTimeAsync(10_000);
    box.up();
    expect(sent).toEqual(['a', 'b', 'a in full', 'b in full']);
    box.answer(answer('b'));
    box.answer(answer('a'));
    expect(await Promise.all(delivered)).toEqual([{ tries: 2 }, { tries: 2 }]);
  });

  it('drops a message that has expired, connected or not', async () => {
    const { box, deliver } = outbox({ expiryMs: 5000 });
    const delivered = deliver('a');
    await vi.advanceTimersByTimeAsync(5001);
    expect(await delivered).toEqual({ code: 'NO_ANSWER' });
    expect(box.counts.waiting).toBe(0);
  });

  it('tries again later when the consumer is overloaded, and not at all when another try cannot help', async () => {
    const { box, sent, deliver } = outbox();
    box.up();
    const busy = deliver('a');
    const foreign = deliver('b');
    await vi.advanceTimersByTimeAsync(0);
    box.answer(answer('a', { kind: 'failure', code: 'OVERLOADED', message: '' }));
    box.answer(answer('b', { kind: 'failure', code: 'BAD_TENSORS', message: '' }));
    expect(await foreign).toEqual({ code: 'ANSWER_FAILED' });
    expect(sent).toEqual(['a', 'b']);
    await vi.advanceTimersByTimeAsync(300);
    expect(sent).toEqual(['a', 'b', 'a in full']);
    box.answer(answer('a'));
    expect(await busy).toEqual({ tries: 2 });
  });

  it('sends again at once, in full, what came short to somebody who does not know the session, once', async () => {
    const { box, sent, deliver } = outbox({ retries: 0 });
    box.up();
    const delivered = deliver('a');
    await vi.advanceTimersByTimeAsync(0);
    const unknown: Answer['body'] = { kind: 'failure', code: 'UNKNOWN_SESSION', message: '' };
    for (let i = 0; i < 100; i++) box.answer(answer('a', unknown));
    expect(sent).toEqual(['a', 'a in full']);
    box.answer(answer('a'));
    expect(await delivered).toEqual({ tries: 2 });
  });

  it('waits for a consumer of its plan among those of others, and says so when none came', async () => {
    const { box, sent, deliver } = outbox({ retries: 1 });
    box.up();
    const [served, unserved] = [deliver('a'), deliver('b')];
    await vi.advanceTimersByTimeAsync(0);
    const mismatch: Answer['body'] = { kind: 'failure', code: 'PLAN_MISMATCH', message: 'another plan' };
    for (const id of ['a', 'b']) box.answer(answer(id, mismatch));
    box.answer(answer('a'));
    expect(await served).toEqual({ tries: 1 });
    await vi.advanceTimersByTimeAsync(300);
    expect(sent).toEqual(['a', 'b', 'b in full']);
    box.answer(answer('b', mismatch));
    expect(await unserved).toEqual({ code: 'ANSWER_FAILED' });
  });

  it('ends a message that can never be sent, and waits with one that only lost its connection', async () => {
    const lost = outbox({ send: async () => Promise.reject(new CutlineError('BROKER_LOST')) });
    lost.box.up();
    const waiting = lost.deliver('a');
    await vi.advanceTimersByTimeAsync(0);
    expect(lost.box.counts.waiting).toBe(1);
    lost.box.answer(answer('a'));
    await waiting;
    const large = outbox({ send: async () => Promise.reject(new CutlineError('MESSAGE_TOO_LARGE')) });
    large.box.up();
    expect(await large.deliver('a')).toEqual({ code: 'MESSAGE_TOO_LARGE' });
  });

  it('refuses at once what comes after it has failed', async () => {
    const { box, deliver } = outbox();
    box.fail(new CutlineError('BROKER_UNREACHABLE'));
    expect(await deliver('a')).toEqual({ code: 'BROKER_UNREACHABLE' });
    expect(await deliver('b')).toEqual({ code: 'BROKER_UNREACHABLE' });
  });

  it('leaves no timer behind', async () => {
    const { box, deliver } = outbox();
    box.up();
    const delivered = deliver('a');
    await vi.advanceTimersByTimeAsync(1);
    box.fail(new CutlineError('CANCELLED'));
    expect(await delivered).toEqual({ code: 'CANCELLED' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sends no copy behind a copy: while the broker has not read the first, however long that takes', async () => {
    let read = () => {};
    const settled = () => new Promise<void>((resolve) => (read = resolve));
    const { box, sent, deliver } = outbox({ settled, retries: undefined });
    box.up();
    const delivered = deliver('a');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(sent).toEqual(['a']);
    read();
    // Only now can anybody have begun to answer.
    await vi.advanceTimersByTimeAsync(900);
    expect(sent).toEqual(['a']);
    box.answer(answer('a'));
    expect(await delivered).toEqual({ tries: 1 });
    expect(box.counts.resends).toBe(0);
  });

  it('waits longer each time, until it expires, when no number of tries was given', async () => {
    const at: number[] = [];
    const { box, deliver } = outbox({ retries: undefined, send: async () => void at.push(performance.now()) });
    box.up();
    const delivered = deliver('a');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await delivered).toEqual({ code: 'NO_ANSWER' });
    const gaps = at.slice(1).map((t, i) => t - at[i]!);
    expect(at.length).toBeGreaterThan(4);
    expect(at.length).toBeLessThan(8);
    for (const [i, gap] of gaps.slice(1).entries()) expect(gap).toBeGreaterThan(1.8 * gaps[i]!);
  });

  it('puts no more on a new stream than a slow one passes on, and more with every answer', async () => {
    const { box, sent, deliver } = outbox();
    const all = Array.from({ length: 20 }, (_, i) => deliver(`m${i}`));
    box.up();
    expect(sent).toHaveLength(4);
    box.answer(answer('m0'));
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toHaveLength(6);
    for (let i = 1; i < 20; i++) {
      box.answer(answer(`m${i}`));
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(await Promise.all(all)).toEqual(Array(20).fill({ tries: 1 }));
  });

  it('says whose fault it was that there is no answer', async () => {
    const why = async (options: Partial<OutboxOptions>, act: (box: Outbox) => void) => {
      const { box } = outbox({ expiryMs: 5000, retries: undefined, ...options });
      act(box);
      const failed = box.deliver(message('a')).catch((e: Error) => e.message);
      await vi.advanceTimersByTimeAsync(5001);
      return failed;
    };
    expect(await why({}, () => {})).toMatch(/no connection to the broker for/);
    expect(await why({}, (box) => box.up())).toMatch(/took it \d times; is `cutline consumer` running/);
    expect(await why({ settled: () => new Promise(() => {}) }, (box) => box.up())).toMatch(/slow or dead/);
  });
});
