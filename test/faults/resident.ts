import { readFile } from 'node:fs/promises';
import type { Running } from '../e2e/support/processes.ts';

/** As Linux counts it, while it runs; 0 where nobody does. */
export async function mostResidentBytes({ child }: Running): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
}
