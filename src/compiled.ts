/** Threads and processes run compiled JavaScript, also where tests run TypeScript. */
import { Worker } from 'node:worker_threads';

/**
 * @param file beside the module, as it is called once compiled
 * @param module `import.meta.url` of a file of src/ or dist/
 * @returns where it is in dist/
 */
export function compiled(file: string, module: string): URL {
  return new URL(file, module.replace(/\/src\/(.+)\.ts$/, '/dist/$1.js'));
}

/**
 * A thread on a file of this project. Node's own options stay with the program that got them: `--input-type` and the like stop a
 * thread before it begins.
 */
export function startThread(file: URL, workerData: unknown): Worker {
  return new Worker(file, { workerData, execArgv: [] });
}
