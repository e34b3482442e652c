import { describe, expect, it } from 'vitest';
import type { Engine, Session } from '../../../src/engine/index.ts';
import { float32 } from '../../../src/model/tensor.ts';
import { numbers } from '../../support/compare.ts';
import type { Bench, ContractOptions } from '../contract.ts';
import { heavy, heavyFeed, linear, linearAnswer, linearFeed, recurrence } from './graphs.ts';

/** A session one run of which takes at least `longMs` here and now: the graph is deepened until it does. */
async function longRunning(engine: Engine, side: number, longMs: number): Promise<Session> {
  for (let depth = 40; ; depth *= 2) {
    const session = await engine.load(heavy(side, depth));
    const times = await session.time({ x: heavyFeed(side) }, { warmups: 1, repeats: 2 });
    if (Math.min(...times) > longMs) return session;
    await session.close();
  }
}

export function liveness(bench: Bench, { slow = false }: ContractOptions): void {
  const side = slow ? 64 : 256;

  describe('the event loop', () => {
    it('stays free while a graph runs', async () => {
      const session = await longRunning(bench.shared(), side, 500);
      let ticks = 0;
      const timer = setInterval(() => ticks++, 5);
      await session.run({ x: heavyFeed(side) });
      clearInterval(timer);
      // Half a second holds a hundred ticks; a blocked loop would have had one at most. Times are not asserted: others share the machine.
      expect(ticks).toBeGreaterThan(10);
    });
  });

  describe('cancelling', () => {
    it('a signal already given refuses at once', async () => {
      const session = await bench.shared().load(linear());
      const call = session.run({ x: linearFeed() }, { signal: AbortSignal.abort() });
      await expect(call).rejects.toMatchObject({ name: 'CutlineError', code: 'CANCELLED' });
      expect(numbers((await session.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
    });

    it('a run gives up when the signal comes, and the session lives on', async () => {
      const session = await longRunning(bench.shared(), side, 400);
      const stop = new AbortController();
      const run = session.run({ x: heavyFeed(side) }, { signal: stop.signal });
      const settled = expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
      setTimeout(() => stop.abort(), 20);
      await settled;
      const { y } = await session.run({ x: heavyFeed(side) });
      expect(y!.shape).toEqual([side, side]);
    });

    it('a loop stops long before its last step', async () => {
      const session = await bench.shared().load(recurrence());
      const stop = new AbortController();
      let seen = 0;
      const feeds = { x: float32([1, 2, 3], [3]), a: float32([0.5], [1]) };
      const steps = 1e8;
      const loop = session.loop(feeds, {
        steps,
        carry: { next: 'x' },
        signal: stop.signal,
        onProgress: (n) => {
          seen = n;
          stop.abort();
        },
      });
      await expect(loop).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(seen).toBeGreaterThan(0);
      expect(seen).toBeLessThan(steps / 10);
      // The engine is free again: this answers although 1e8 steps would take minutes.
      expect(numbers((await session.run(feeds)).next!)).toEqual([1.5, 2, 2.5]);
    });

    it('loading can be cancelled', async () => {
      const call = bench.shared().load(linear(), { signal: AbortSignal.abort() });
      await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    });

    it('a signal after the answer changes nothing', async () => {
      const session = await bench.shared().load(linear());
      const stop = new AbortController();
      const { y } = await session.run({ x: linearFeed() }, { signal: stop.signal });
      stop.abort();
      expect(numbers(y!)).toEqual(linearAnswer);
      expect(numbers((await session.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
    });
  });
}
