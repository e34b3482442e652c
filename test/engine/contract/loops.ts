import { describe, expect, it } from 'vitest';
import { float32, type Tensors } from '../../../src/model/tensor.ts';
import { numbers } from '../../support/compare.ts';
import type { Bench } from '../contract.ts';
import { linear, linearFeed, recurrence } from './graphs.ts';

const start = (): Tensors => ({ x: float32([1, 2, 3], [3]), a: float32([0.5], [1]) });

export function loops(bench: Bench): void {
  describe('loop', () => {
    it('equals repeated runs', async () => {
      const session = await bench.shared().load(recurrence());
      for (const steps of [1, 2, 7]) {
        let feeds = start();
        let results: Tensors = {};
        for (let i = 0; i < steps; i++) {
          results = await session.run(feeds);
          feeds = { ...feeds, x: results.next! };
        }
        expect(await session.loop(start(), { steps, carry: { next: 'x' } })).toEqual(results);
      }
    });

    it('returns the outputs asked for and no others', async () => {
      const session = await bench.shared().load(recurrence());
      const options = { steps: 3, carry: { next: 'x' }, outputs: ['total'] };
      expect(Object.keys(await session.loop(start(), options))).toEqual(['total']);
    });

    it('leaves the feeds to the caller', async () => {
      const session = await bench.shared().load(recurrence());
      const feeds = start();
      await session.loop(feeds, { steps: 5, carry: { next: 'x' } });
      expect(feeds).toEqual(start());
    });

    it('reports progress, rising and below the number of steps', async () => {
      const session = await bench.shared().load(recurrence());
      const seen: number[] = [];
      const steps = 60_000;
      await session.loop(start(), { steps, carry: { next: 'x' }, onProgress: (n) => seen.push(n) });
      expect(seen.length).toBeGreaterThan(0);
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(Math.max(...seen)).toBeLessThanOrEqual(steps);
    });

    it('refuses to carry what does not exist', async () => {
      const session = await bench.shared().load(recurrence());
      for (const carry of [{ nowhere: 'x' }, { next: 'nowhere' }]) {
        await expect(session.loop(start(), { steps: 2, carry })).rejects.toMatchObject({ code: 'ENGINE_RUN' });
      }
    });

    it('refuses a number of steps that is none', async () => {
      const session = await bench.shared().load(recurrence());
      for (const steps of [0, -1, 1.5, Number.NaN]) {
        const loop = session.loop(start(), { steps, carry: { next: 'x' } });
        await expect(loop).rejects.toMatchObject({ code: 'ENGINE_RUN' });
      }
    });

    it('refuses wrong feeds', async () => {
      const session = await bench.shared().load(recurrence());
      const { x } = start();
      const loop = session.loop({ x: x! }, { steps: 2, carry: { next: 'x' } });
      await expect(loop).rejects.toMatchObject({ code: 'ENGINE_RUN' });
    });
  });

  describe('time', () => {
    it('returns as many times as repeats, each positive', async () => {
      const session = await bench.shared().load(linear());
      const times = await session.time({ x: linearFeed() }, { warmups: 2, repeats: 5 });
      expect(times).toHaveLength(5);
      expect(times.every((ms) => ms > 0 && Number.isFinite(ms))).toBe(true);
    });

    it('refuses wrong feeds', async () => {
      const session = await bench.shared().load(linear());
      const call = session.time({}, { warmups: 0, repeats: 1 });
      await expect(call).rejects.toMatchObject({ code: 'ENGINE_RUN' });
    });

    it('can be cancelled', async () => {
      const session = await bench.shared().load(linear());
      const stop = new AbortController();
      const times = session.time({ x: linearFeed() }, { warmups: 0, repeats: 1e8, signal: stop.signal });
      const settled = expect(times).rejects.toMatchObject({ code: 'CANCELLED' });
      setTimeout(() => stop.abort(), 50);
      await settled;
      const after = await session.run({ x: linearFeed() });
      expect(numbers(after.y!)).toHaveLength(4);
    });
  });
}
