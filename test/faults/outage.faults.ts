/**
 * A day's outage of a camera with five frames a second, as fast as it goes: nobody hears the agent until all frames were taken. The disk
 * keeps within its bound, what gave way is counted, and the rest arrives in order. FAULTS_FRAMES makes it shorter.
 */
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type Deployment, deploy } from '../e2e/support/deployment.ts';
import { type Fleet, fleet, summaryOf } from '../e2e/support/fleet.ts';
import { run } from '../e2e/support/processes.ts';
import { leastProtocol } from '../support/evidence.ts';
import { mostResidentBytes } from './resident.ts';

const frames = Number(process.env.FAULTS_FRAMES ?? 5 * 86_400);
/** Of what waits; a day of these activations would be ten times as much. */
const maxBytes = frames * 400;
const inFlight = 16;

let deployment: Deployment | undefined;
let f: Fleet | undefined;
afterEach(async () => {
  await f?.end();
  await deployment?.remove();
});

it(`takes ${frames} frames while nobody hears it, and tells in order what it could keep`, async () => {
  deployment = await deploy({ images: 1 });
  f = await fleet('aedes', deployment);
  await deployment.config('least.yaml', leastProtocol);
  const config = await deployment.config('outage.yaml', {
    ...{
      broker: { url: f.url },
      fleet: 'yard',
      device: 'cam-1',
      plan: 'plan.json',
      protocol: './least.yaml',
      threads: 1,
    },
    source: { type: 'stdin', format: 'raw', width: 28, height: 28, pixels: 'gray' },
    ...{ inFlight, outbox: { path: 'outbox', maxBytes, catchUpPerS: 5000 }, resultsFsync: 'never' },
  });
  const results = join(deployment.folder, 'results.jsonl');
  const args = ['dist/cli/main.js', 'agent', '--config', config, '--json', '--results', results];
  const agent = run(process.execPath, args, { stdin: 'pipe' });
  await agent.says('trying again');
  const disk = join(deployment.folder, 'outbox', 'data.mdb');
  let mostBytes = 0;
  const frame = Buffer.alloc(784);
  for (let i = 0; i < frames; i++) {
    frame.writeUInt32LE(i);
    if (!agent.stdin!.write(Buffer.from(frame))) await once(agent.stdin!, 'drain');
    if (i % 1000 === 999) mostBytes = Math.max(mostBytes, (await stat(disk)).blocks * 512);
  }
  agent.stdin!.end();
  await f.broker();
  await f.consumer();
  let resident = 0;
  const look = setInterval(async () => {
    resident = Math.max(resident, await mostResidentBytes(agent));
  }, 200);
  expect(await agent.ended).toBe(0);
  clearInterval(look);
  const { inferences, outbox } = summaryOf(agent);
  expect(outbox!.waiting).toBe(0);
  expect(outbox!.droppedForRoom).toBeGreaterThan(frames / 2);
  expect(inferences.answered + outbox!.droppedForRoom).toBe(frames);
  const numbers = (await readFile(results, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { image: string; error?: unknown })
    .filter((line) => line.error === undefined)
    .map(({ image }) => Number(image.replace('stdin-', '')));
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers).toHaveLength(inferences.answered);
  // Those under way together may overtake each other.
  let latest = -1;
  let mostLate = 0;
  for (const n of numbers) {
    mostLate = Math.max(mostLate, latest - n);
    latest = Math.max(latest, n);
  }
  expect(mostLate).toBeLessThan(2 * inFlight);
  console.log(JSON.stringify({ frames, answered: numbers.length, maxBytes, diskBytes: mostBytes, mostLate, resident }));
  expect(mostBytes).toBeLessThan(1.25 * maxBytes + 16 * 2 ** 20);
  expect(resident).toBeLessThan(400e6);
}, 3_600_000);
