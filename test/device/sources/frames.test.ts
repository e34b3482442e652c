import { describe, expect, it } from 'vitest';
import { Frames, type FramesOptions } from '../../../src/device/sources/frames.ts';
import { noSourceCounts } from '../../../src/device/sources/source.ts';

function framesOf(given: Partial<FramesOptions> = {}) {
  const stop = new AbortController();
  const counts = noSourceCounts();
  const clock = { ms: 0 };
  const options = { queue: 2, maxFps: undefined, counts, stop: stop.signal, now: () => clock.ms, ...given } as const;
  const frames = new Frames({ drop: 'oldest', ...options });
  const push = (n: number) => frames.push({ name: `${n}`, bytes: Buffer.of(n) });
  const rest = async () => {
    const names: string[] = [];
    for (let frame = await frames.take(); frame; frame = await frames.take()) names.push(frame.name);
    return names;
  };
  return { frames, push, rest, counts, stop, clock };
}

describe('frames that wait', () => {
  it.each([
    ['oldest', ['3', '4']],
    ['newest', ['0', '1']],
  ] as const)('are as many as may; of more the %s go and are counted', async (drop, kept) => {
    const { frames, push, rest, counts } = framesOf({ drop });
    for (const n of [0, 1, 2, 3, 4]) await push(n);
    frames.end();
    expect(await rest()).toEqual(kept);
    expect(counts.dropped).toBe(3);
  });

  it('hold up who brings them, where none may be lost', async () => {
    const { frames, push, counts } = framesOf({ drop: 'wait' });
    let brought = 0;
    const bringing = (async () => {
      for (const n of [0, 1, 2, 3, 4]) {
        await push(n);
        brought++;
      }
      frames.end();
    })();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(brought).toBe(2);
    const names: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++) names.push((await frames.take())?.name);
    await bringing;
    expect(names).toEqual(['0', '1', '2', '3', '4', undefined]);
    expect(counts.dropped).toBe(0);
  });

  it('are so many a second on average, without a burst after a pause', async () => {
    const { frames, push, rest, counts, clock } = framesOf({ maxFps: 10, queue: 64 });
    // 33 a second for three seconds, two of silence, one more.
    const passed = async (fromMs: number, toMs: number) => {
      const before = counts.early;
      let pushed = 0;
      for (clock.ms = fromMs; clock.ms < toMs; clock.ms += 30, pushed++) await push(pushed);
      return pushed - (counts.early - before);
    };
    expect(await passed(0, 3000)).toBeGreaterThanOrEqual(29);
    expect(await passed(5000, 6000)).toBeLessThanOrEqual(12);
    frames.end();
    expect((await rest()).length).toBeLessThanOrEqual(43);
  });

  it('end for who waits at the stop, on both sides', async () => {
    const { frames, push, stop } = framesOf({ drop: 'wait', queue: 1 });
    await push(0);
    const bringing = push(1);
    stop.abort();
    await bringing;
    expect(await frames.take()).toBeUndefined();
    const empty = framesOf();
    const taking = empty.frames.take();
    empty.stop.abort();
    expect(await taking).toBeUndefined();
  });
});
