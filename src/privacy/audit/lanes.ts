/** Several (cut, defense) at once: an attack on a small network leaves most of a machine idle, two fill two cores. */
import { availableParallelism, freemem } from 'node:os';
import { CutlineError } from '../../errors.ts';
import { defaultMemoryBytes } from './auditor.ts';

export interface Lanes {
  readonly lanes: number;
  /** Of each lane's engine. */
  readonly threads: number;
}

/** Of the memory that is free, what attacks may plan to take together. */
const memoryShare = 0.7;

/**
 * As many as there are candidates, cores and shares of memory.
 * @param memoryBytes what one attack may take
 */
export function lanesFor(
  candidates: number,
  { threads = availableParallelism(), memoryBytes = defaultMemoryBytes, freeBytes = freemem() },
): Lanes {
  const fitting = Math.floor((memoryShare * freeBytes) / memoryBytes);
  const lanes = Math.max(1, Math.min(candidates, threads, fitting));
  return { lanes, threads: Math.max(1, Math.floor(threads / lanes)) };
}

/**
 * Does the work for every item, each lane one at a time. The first failure stops the others, and is thrown when they have ended.
 * @param work given a signal that stops it
 */
export async function inLanes<Item, Lane>(
  items: readonly Item[],
  lanes: readonly Lane[],
  work: (item: Item, index: number, lane: Lane, signal: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const failures: unknown[] = [];
  let next = 0;
  const drive = async (lane: Lane) => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        if (stopped.aborted) throw new CutlineError('CANCELLED');
        await work(items[index]!, index, lane, stopped);
      } catch (error) {
        failures.push(error);
        stop.abort();
      }
    }
  };
  await Promise.all(lanes.map(drive));
  if (failures.length > 0) throw failures[0];
}
