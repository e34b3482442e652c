import { describe, expect, it } from 'vitest';
import { float32 } from '../../../src/model/tensor.ts';
import { numbers } from '../../support/compare.ts';
import type { Bench, ContractOptions } from '../contract.ts';
import { heavy, heavyFeed, linear, linearAnswer, linearFeed, recurrence } from './graphs.ts';

export function lifecycle(bench: Bench, { crash, slow = false }: ContractOptions): void {
  describe('sessions', () => {
    it('run many requests at once, each with its own answer', async () => {
      const session = await bench.shared().load(linear('n'));
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, i) => session.run({ x: float32([i, 0, 0], [1, 3]) })),
      );
      expect(answers.map((a) => numbers(a.y!))).toEqual(answers.map((_, i) => [i, 2 * i]));
    });

    it('run side by side without mixing their answers', async () => {
      const [a, b] = await Promise.all([bench.shared().load(linear()), bench.shared().load(recurrence())]);
      const feeds = { x: float32([1, 2, 3], [3]), a: float32([2], [1]) };
      const mixed = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? b.run(feeds) : a.run({ x: linearFeed() }))),
      );
      mixed.forEach((m, i) => {
        if (i % 2) expect(numbers(m.next!)).toEqual([3, 5, 7]);
        else expect(numbers(m.y!)).toEqual(linearAnswer);
      });
    });

    it('refuse to run after close, and may be closed twice', async () => {
      const session = await bench.shared().load(recurrence());
      await session.close();
      await session.close();
      const feeds = { x: float32([1, 2, 3], [3]), a: float32([2], [1]) };
      const closed = { name: 'CutlineError', code: 'ENGINE_CLOSED' };
      await expect(session.run(feeds)).rejects.toMatchObject(closed);
      await expect(session.loop(feeds, { steps: 1, carry: { next: 'x' } })).rejects.toMatchObject(closed);
      await expect(session.time(feeds, { warmups: 0, repeats: 1 })).rejects.toMatchObject(closed);
    });

    it('closing one leaves the others alone', async () => {
      const [a, b] = await Promise.all([bench.shared().load(linear()), bench.shared().load(linear())]);
      await a.close();
      expect(numbers((await b.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
    });

    it('a run under way when its session is closed still answers or says so', async () => {
      const session = await bench.shared().load(heavy(128, 50));
      const run = session.run({ x: heavyFeed(128) }).then(
        () => 'answered',
        (error: { code?: string }) => error.code,
      );
      await session.close();
      expect(['answered', 'ENGINE_CLOSED']).toContain(await run);
    });
  });

  describe('the engine', () => {
    it('may be closed twice, and refuses to load or run afterwards', async () => {
      const engine = await bench.fresh();
      const session = await engine.load(linear());
      await engine.close();
      await engine.close();
      await expect(engine.load(linear())).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
      await expect(session.run({ x: linearFeed() })).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
      await session.close();
    });

    it('may be closed before it was ever used', async () => {
      await (await bench.fresh()).close();
    });

    it('ends what is under way when it is closed', async () => {
      const engine = await bench.fresh();
      const session = await engine.load(heavy(256, 400));
      const run = expect(session.run({ x: heavyFeed(256) })).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
      await engine.close();
      await run;
    });

    it('may be closed at any moment of a run without harm to the process', async () => {
      // A thread that is ended inside native code takes the whole process with it.
      for (let delayMs = 0; delayMs < 20; delayMs += slow ? 10 : 2) {
        const engine = await bench.fresh();
        const session = await engine.load(heavy(128, 60));
        const runs = [1, 2, 3].map(() => session.run({ x: heavyFeed(128) }).catch(() => undefined));
        await new Promise((go) => setTimeout(go, delayMs));
        await engine.close();
        await Promise.all(runs);
      }
    });

    it('says ENGINE_CRASHED to everything pending when its worker dies, and loads anew', async () => {
      const engine = await bench.fresh();
      const session = await engine.load(heavy(128, 100));
      const other = await engine.load(linear());
      const outcome = (p: Promise<unknown>) =>
        p.then(
          () => 'answered',
          (error: { code?: string }) => error.code,
        );
      // The crash comes before the second run can start: that one must be told.
      const dying = crash(engine);
      const pending = [outcome(session.run({ x: heavyFeed(128) })), outcome(other.run({ x: linearFeed() }))];
      const loading = outcome(engine.load(linear()));
      expect(await Promise.all(pending)).toEqual(['ENGINE_CRASHED', 'ENGINE_CRASHED']);
      expect(await loading).toBe('ENGINE_CRASHED');
      await dying;
      await expect(other.run({ x: linearFeed() })).rejects.toMatchObject({ code: 'ENGINE_CRASHED' });
      await other.close();
      const again = await engine.load(linear());
      expect(numbers((await again.run({ x: linearFeed() })).y!)).toEqual(linearAnswer);
    });
  });
}
