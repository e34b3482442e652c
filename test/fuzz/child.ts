/** Judges mutants one after the other and tells the parent before and after each, so that a crash has a number. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from '../../src/engine/index.ts';
import { judge, type Verdict } from './judge.ts';
import { mutant } from './mutate.ts';
import { seeds } from './seeds.ts';

/** What the child says. */
export type Report =
  | { readonly begin: number }
  | { readonly end: number; readonly verdict: Verdict }
  | { readonly memory: number };

/** What the child is asked: mutants from a number on, or a file. */
export type Task =
  | { readonly seed: number; readonly from: number; readonly count: number; readonly memoryMb: number }
  | { readonly file: string; readonly number: number; readonly memoryMb: number };

const tell = (report: Report) => new Promise<void>((resolve) => process.send!(report, () => resolve()));

const task = JSON.parse(process.argv[2]!) as Task;
const folder = mkdtempSync(join(tmpdir(), 'cutline-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('disconnect', () => process.exit(1));
let current = -1;
const watch = setInterval(() => {
  if (process.memoryUsage.rss() > task.memoryMb * 2 ** 20) void tell({ memory: current }).then(() => process.exit(1));
}, 20);

const engine = await createEngine({ threads: 1 });
const one = async (number: number, bytes: Uint8Array) => {
  current = number;
  await tell({ begin: number });
  await tell({ end: number, verdict: await judge(bytes, number, folder, engine) });
};
if ('file' in task) {
  await one(task.number, await readFile(task.file));
} else {
  const models = seeds();
  for (let n = task.from; n < task.from + task.count; n++) await one(n, mutant(models, task.seed, n).bytes);
}
clearInterval(watch);
await engine.close();
process.disconnect();
