import { describe, expect, it } from 'vitest';
import { lanesFor } from '../../../src/privacy/audit/lanes.ts';

const gigabyte = 2 ** 30;

describe('lanes', () => {
  it.each([
    ['one candidate takes all threads', 1, 4, 3, 64, { lanes: 1, threads: 4 }],
    ['many candidates take a thread each', 12, 2, 3, 64, { lanes: 2, threads: 1 }],
    ['few candidates share what there is', 3, 8, 3, 64, { lanes: 3, threads: 2 }],
    ['memory for two is for two', 12, 8, 3, 10, { lanes: 2, threads: 4 }],
    ['memory for none is for one', 12, 8, 3, 1, { lanes: 1, threads: 8 }],
  ])('%s', (_, candidates, threads, memory, free, wanted) => {
    const machine = { threads, memoryBytes: memory * gigabyte, freeBytes: free * gigabyte };
    expect(lanesFor(candidates, machine)).toEqual(wanted);
  });
});
