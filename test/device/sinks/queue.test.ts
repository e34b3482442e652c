import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../src/broker/index.ts';
import { type QueueOptions, SinkQueue } from '../../../src/device/sinks/queue.ts';
import { Undelivered } from '../../../src/device/sinks/sink.ts';

function queueOf(
  deliver: (text: string, tries: number, signal: AbortSignal) => Promise<void>,
  given: Partial<QueueOptions> = {},
) {
  const said: string[] = [];
  const taken: string[] = [];
  const ids = new Map<string, number>();
  const stop = new AbortController();
  const queue = new SinkQueue({
    name: 'sink 1 (test)',
    delivery: {
      async deliver(text, id, signal) {
        ids.set(id, (ids.get(id) ?? 0) + 1);
        await deliver(text, ids.get(id)! - 1, signal);
        taken.push(text);
      },
      close: async () => {},
    },
    queue: 3,
    retries: 2,
    isPatient: false,
    log: (line) => said.push(line),
    stop: stop.signal,
    backoff: new Backoff({ firstMs: 1, maxMs: 2 }),
    flushMs: 100,
    ...given,
  });
  return { queue, said, taken, ids, stop };
}
const never = (_text: string, _tries: number, signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Undelivered('aborted'))));

describe('lines for a sink', () => {
  it('are delivered in order, and what waits at the end, too', async () => {
    const { queue, taken } = queueOf(() => new Promise((resolve) => setTimeout(resolve, 2)));
    for (const text of ['a', 'b', 'c', 'd']) await queue.offer(text);
    await queue.close();
    expect(taken).toEqual(['a', 'b', 'c', 'd']);
    expect(queue.counts).toEqual({ delivered: 4, filtered: 0, dropped: 0, failed: 0 });
  });

  it('are tried again under one id, and given up after so many tries, or at once where it is final', async () => {
    const { queue, taken, ids, said } = queueOf(async (text, tries) => {
      if (text === 'twice' && tries === 0) throw new Undelivered('busy');
      if (text === 'never') throw new Undelivered('down');
      if (text === 'final') throw new Undelivered('no', { isFinal: true });
    });
    for (const text of ['twice', 'never', 'final']) await queue.offer(text);
    await queue.close();
    expect(taken).toEqual(['twice']);
    expect([...ids.values()]).toEqual([2, 3, 1]);
    expect(queue.counts).toMatchObject({ delivered: 1, failed: 2 });
    expect(said[0]).toBe('sink 1 (test): busy; trying again');
  });

  it('for one that hangs are bounded, the oldest go, and nobody waits; nor does the end', async () => {
    const { queue } = queueOf(never);
    const startMs = performance.now();
    for (let i = 0; i < 1000; i++) await queue.offer(`${i}`);
    expect(performance.now() - startMs).toBeLessThan(200);
    expect(queue.counts.dropped).toBe(996);
    await queue.close();
    expect(performance.now() - startMs).toBeLessThan(1000);
    expect(queue.counts).toMatchObject({ delivered: 0, dropped: 1000 });
  });

  it('are bounded in bytes', async () => {
    const { queue } = queueOf(never, { queue: 1000 });
    const large = 'x'.repeat(5 << 20);
    for (let i = 0; i < 10; i++) await queue.offer(large);
    expect(queue.counts.dropped).toBe(6);
    await queue.close();
  });

  it('hold up the agent where the sink is patient and well, until the stop; not where it is ill', async () => {
    const slow = queueOf(() => new Promise((resolve) => setTimeout(resolve, 3)), { isPatient: true });
    for (let i = 0; i < 20; i++) await slow.queue.offer(`${i}`);
    await slow.queue.close();
    expect(slow.queue.counts).toMatchObject({ delivered: 20, dropped: 0 });

    const stuck = queueOf(never, { isPatient: true });
    for (let i = 0; i < 4; i++) await stuck.queue.offer(`${i}`);
    let isThrough = false;
    const waiting = stuck.queue.offer('4').then(() => (isThrough = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isThrough).toBe(false);
    stuck.stop.abort();
    await waiting;
    expect(stuck.queue.counts.dropped).toBe(1);
    await stuck.queue.close();

    const ill = queueOf(() => Promise.reject(new Undelivered('full')), { isPatient: true, retries: 1e9 });
    for (let i = 0; i < 50; i++) await ill.queue.offer(`${i}`);
    expect(ill.queue.counts.dropped).toBe(46);
    await ill.queue.close();
    expect(ill.said.filter((line) => line.includes('full')).length).toBeLessThan(12);
  });
});
