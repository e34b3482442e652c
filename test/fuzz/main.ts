/**
 * `npm run fuzz [-- --seconds 600] [--seed N] [--from N] [--count N] [--least N] [--out FOLDER] [--json]`, and
 * `npm run fuzz -- --replay FILE`: inspect, split and gradient of changed models. `npm run fuzz -- --envelopes`: changed messages
 * before a consumer and an agent. Exit code 1 where one did what must not be.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzzEnvelopes } from './envelopes.ts';
import { mutant } from './mutate.ts';
import { seeds } from './seeds.ts';
import { supervise } from './supervise.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    count: { type: 'string', default: '1000000' },
    out: { type: 'string', default: 'fuzz-failures' },
    replay: { type: 'string' },
    envelopes: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
/** What one run is given (src/model/memory.ts), and a quarter for Node. */
const memoryMb = 4096;
/** Of one mutant; ours take milliseconds, on a busy machine seconds. */
const limitMs = 60_000;
const say = (text: string) => (values.json ? process.stderr : process.stdout).write(`${text}\n`);

if (values.envelopes) {
  const untilMs = performance.now() + Number(values.seconds) * 1000;
  const verdict = await fuzzEnvelopes(seed, Number(values.count), untilMs);
  process.stdout.write(`${JSON.stringify(verdict, null, values.json ? 0 : 2)}\n`);
  if (verdict.faults.length > 0) process.exitCode = 1;
} else if (values.replay !== undefined) {
  // The number chose the cut: a failing file is called after it.
  const number = Number(/(\d+)\.onnx$/.exec(basename(values.replay))?.[1] ?? 0);
  const task = { file: values.replay, number, memoryMb };
  for await (const { verdict } of supervise({
    task: () => task,
    limitMs,
    untilMs: Number.POSITIVE_INFINITY,
    count: 1,
  })) {
    for (const line of [...verdict.steps, ...verdict.faults]) say(line);
    if (verdict.faults.length > 0) process.exitCode = 1;
  }
} else {
  await fuzz();
}

async function fuzz(): Promise<void> {
  const models = seeds();
  const counts = new Map<string, number>();
  const failed: { number: number; what: string; faults: readonly string[] }[] = [];
  const [first, count] = [Number(values.from), Number(values.count)];
  let judged = 0;
  const untilMs = performance.now() + Number(values.seconds) * 1000;
  // Sessions that are made over and over leak, so that no child judges many.
  const task = (done: number) => ({ seed, from: first + done, count: Math.min(250, count - done), memoryMb });
  for await (const { number, verdict } of supervise({ task, limitMs, untilMs, count })) {
    judged++;
    for (const step of verdict.steps) counts.set(step, (counts.get(step) ?? 0) + 1);
    if (verdict.faults.length === 0) continue;
    const { what, bytes } = mutant(models, seed, number);
    failed.push({ number, what, faults: verdict.faults });
    await mkdir(values.out, { recursive: true });
    const path = join(values.out, `seed-${seed}-${number}.onnx`);
    await writeFile(path, bytes);
    say(`${path}: ${what}\n  ${verdict.faults.join('\n  ')}`);
  }
  for (const [step, n] of [...counts].sort(([a], [b]) => a.localeCompare(b))) say(`${String(n).padStart(6)}  ${step}`);
  say(`${judged} mutants of ${models.length} models, seed ${seed}: ${failed.length} failed`);
  if (values.json) process.stdout.write(`${JSON.stringify({ judged, failed, counts: Object.fromEntries(counts) })}\n`);
  if (failed.length > 0) process.exitCode = 1;
}
