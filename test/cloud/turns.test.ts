import { describe, expect, it } from 'vitest';
import { Turns } from '../../src/cloud/turns.ts';

const all = (turns: Turns<string>) => Array.from({ length: turns.size }, () => turns.next());

describe('turns', () => {
  it('go round the devices, each in its own order', () => {
    const turns = new Turns<string>();
    for (const item of ['a1', 'a2', 'a3', 'b1', 'a4', 'c1', 'b2']) turns.push(item[0]!, item);
    expect(all(turns)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
    expect(turns.next()).toBeUndefined();
  });

  it('take the newest from whoever has most, and only from who has more than asked', () => {
    const turns = new Turns<string>();
    for (const item of ['b1', 'a1', 'a2', 'a3']) turns.push(item[0]!, item);
    expect([turns.evict(3), turns.evict(2), turns.evict(2), turns.evict(1)]).toEqual([
      undefined,
      'a3',
      undefined,
      'a2',
    ]);
    expect([turns.size, turns.waitingOf('a'), turns.waitingOf('b')]).toEqual([2, 1, 1]);
    expect(all(turns)).toEqual(['b1', 'a1']);
  });
});
