import { CutlineError } from './errors.ts';

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
