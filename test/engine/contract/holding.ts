import { describe, expect, it } from 'vitest';
import { float32, int64 } from '../../../src/model/tensor.ts';
import { numbers } from '../../support/compare.ts';
import type { Bench, ContractOptions } from '../contract.ts';
import { linear, linearAnswer, linearFeed, recurrence } from './graphs.ts';

const x = float32([1, 2, 3], [3]);
const a = float32([2], [1]);
const answer = [3, 5, 7];
const closed = { name: 'CutlineError', code: 'ENGINE_CLOSED' };

export function holding(bench: Bench, { crash }: ContractOptions): void {
  describe('held inputs', () => {
    it('need not be fed again, in runs, loops and timings', async () => {
      const session = await bench.shared().load(recurrence());
      const held = await session.hold({ a });
      expect(held.inputs.map((v) => v.name)).toEqual(['x']);
      for (let i = 0; i < 3; i++) expect(numbers((await held.run({ x })).next!)).toEqual(answer);
      const carried = await held.loop({ x }, { steps: 2, carry: { next: 'x' } });
      expect(numbers(carried.next!)).toEqual([7, 11, 15]);
      expect(await held.time({ x }, { warmups: 0, repeats: 2 })).toHaveLength(2);
      await held.close();
    });

    it('leave the session as it was, and others of it to themselves', async () => {
      const session = await bench.shared().load(recurrence());
      const twice = await session.hold({ a });
      const thrice = await session.hold({ a: float32([3], [1]) });
      const both = await Promise.all([twice.run({ x }), thrice.run({ x }), session.run({ x, a: float32([0], [1]) })]);
      expect(both.map((r) => numbers(r.next!))).toEqual([answer, [4, 7, 10], [1, 1, 1]]);
      await twice.close();
      await expect(twice.run({ x })).rejects.toMatchObject(closed);
      expect(numbers((await thrice.run({ x })).next!)).toEqual([4, 7, 10]);
      expect(numbers((await session.run({ x, a })).next!)).toEqual(answer);
    });

    it('may all be held, one after the other', async () => {
      const session = await bench.shared().load(recurrence());
      const all = await (await session.hold({ a })).hold({ x });
      expect(all.inputs).toEqual([]);
      expect(numbers((await all.run({})).next!)).toEqual(answer);
      expect(numbers((await all.run({})).next!)).toEqual(answer);
    });

    it('are checked like others, and fed once only', async () => {
      const session = await bench.shared().load(recurrence());
      const wrong = { name: 'CutlineError', code: 'ENGINE_RUN' };
      await expect(session.hold({ b: a })).rejects.toMatchObject(wrong);
      await expect(session.hold({ a: int64([2], [1]) })).rejects.toMatchObject(wrong);
      await expect(session.hold({ a: x })).rejects.toMatchObject(wrong);
      const held = await session.hold({ a });
      await expect(held.run({ x, a })).rejects.toMatchObject(wrong);
      await expect(held.loop({ x }, { steps: 1, carry: { next: 'a' } })).rejects.toMatchObject(wrong);
      await expect(held.run({})).rejects.toMatchObject(wrong);
    });

    it('end with their session', async () => {
      const session = await bench.shared().load(recurrence());
      const held = await session.hold({ a });
      await session.close();
      await expect(held.run({ x })).rejects.toMatchObject(closed);
      await held.close();
    });

    it('are let go when nobody runs with them any more', async () => {
      const session = await bench.shared().load(recurrence());
      const held = await session.hold({ a });
      const run = held.run({ x });
      await held.close();
      expect(numbers((await run).next!)).toEqual(answer);
    });
  });

  describe('sessions that are kept', () => {
    const keepBytes = 1000;

    it('are shared by those who load the same graph, each with a close of its own', async () => {
      const engine = await bench.fresh();
      const graph = linear();
      const [one, other] = await Promise.all([engine.load(graph, { keepBytes }), engine.load(graph, { keepBytes })]);
      await one.close();
      await expect(one.run({ x: linearFeed() })).rejects.toMatchObject(closed);
      expect(numbers((await other.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
      await other.close();
      const again = await engine.load(graph, { keepBytes });
      expect(numbers((await again.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
    });

    it('are nobody’s after a crash: the graph is loaded anew', async () => {
      const engine = await bench.fresh();
      const graph = linear();
      const before = await engine.load(graph, { keepBytes });
      await crash(engine);
      await expect(before.run({ x: linearFeed() })).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
      const after = await engine.load(graph, { keepBytes });
      expect(numbers((await after.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
      await before.close();
      expect(numbers((await after.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
    });

    it('are not to be had once it is too late', async () => {
      const engine = await bench.fresh();
      const signal = AbortSignal.abort();
      await expect(engine.load(linear(), { keepBytes, signal })).rejects.toMatchObject({ code: 'CANCELLED' });
      await engine.close();
      await expect(engine.load(linear(), { keepBytes })).rejects.toMatchObject(closed);
    });
  });
}
