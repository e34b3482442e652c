/** Several (cut, defense) at once: an attack on a small network leaves most of a machine idle, two fill two cores. */
import { availableParallelism, freemem } from 'node:os';
import { defaultMemoryBytes } from './memory.ts';

export interface Lanes {
  readonly lanes: number;
  /** Of each lane's engine. */
  readonly threads: number;
}

/** Of the memory that is free, what attacks may plan to take together. */
const memoryShare = 0.7;

/** In a container, what it may take. */
const freeMemory = (): number => (process as { availableMemory?: () => number }).availableMemory?.() ?? freemem();

/**
 * As many as there are candidates, cores and shares of memory.
 * @param memoryBytes what one attack may take
 */
export function lanesFor(
  candidates: number,
  { threads = availableParallelism(), memoryBytes = defaultMemoryBytes, freeBytes = freeMemory() },
): Lanes {
  const fitting = Math.floor((memoryShare * freeBytes) / memoryBytes);
  const lanes = Math.max(1, Math.min(candidates, threads, fitting));
  return { lanes, threads: Math.max(1, Math.floor(threads / lanes)) };
}
