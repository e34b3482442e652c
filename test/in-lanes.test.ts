import { describe, expect, it } from 'vitest';
import { CutlineError } from '../src/errors.ts';
import { inLanes } from '../src/in-lanes.ts';

describe('lanes', () => {
  it('do every item once, each lane one at a time', async () => {
    const busy = new Set<string>();
    const done: number[] = [];
    await inLanes([0, 1, 2, 3, 4], ['a', 'b'], async (item, index, lane) => {
      expect(index).toBe(item);
      expect(busy.has(lane)).toBe(false);
      busy.add(lane);
      await new Promise((resolve) => setTimeout(resolve, item === 0 ? 20 : 1));
      busy.delete(lane);
      done.push(item);
    });
    expect(done.sort()).toEqual([0, 1, 2, 3, 4]);
    expect(done).toHaveLength(5);
  });

  it('stop when one fails, and tell its error when the others have ended', async () => {
    let ended = false;
    const begun: number[] = [];
    const work = inLanes([0, 1, 2, 3], ['a', 'b'], async (item, _index, _lane, signal) => {
      begun.push(item);
      if (item === 0) throw new Error('the first failed');
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      ended = true;
      throw new CutlineError('CANCELLED');
    });
    await expect(work).rejects.toThrow('the first failed');
    expect(ended).toBe(true);
    expect(begun).toEqual([0, 1]);
  });

  it('begin nothing once stopped', async () => {
    const work = inLanes([0], ['a'], () => Promise.reject(new Error('begun')), AbortSignal.abort());
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
