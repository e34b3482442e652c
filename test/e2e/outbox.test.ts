/** An agent whose outbox is on the disk, through outages and its own deaths: nothing lost, nothing twice. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Deployment, deploy } from './support/deployment.ts';
import { type Fleet, fleet, summaryOf } from './support/fleet.ts';

const IMAGES = 200;
let deployment: Deployment;
let f: Fleet;
beforeAll(async () => {
  deployment = await deploy({ images: IMAGES });
});
afterAll(() => deployment?.remove());
afterEach(() => f?.end());

const linesOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as { image: string; error?: unknown; top1?: number });

it('takes pictures while there is no broker, and sends them when there is one', async () => {
  f = await fleet('aedes', deployment);
  const results = join(deployment.folder, 'away.jsonl');
  const agent = await f.agent({ outbox: { path: 'away' }, inFlight: 4 }, '--results', results);
  await agent.says('trying again');
  await sleep(1500);
  await f.broker();
  await f.consumer();
  expect(await agent.ended).toBe(0);
  expect(summaryOf(agent)).toMatchObject({
    inferences: { answered: IMAGES, failed: 0 },
    outbox: { waiting: 0, droppedForRoom: 0, droppedByAge: 0 },
  });
  expect(new Set((await linesOf(results)).map((l) => l.image)).size).toBe(IMAGES);
});

it('is killed again and again, with broker and consumer, and every picture is answered once', async () => {
  f = await fleet('aedes', deployment);
  const results = join(deployment.folder, 'killed.jsonl');
  const settings = { outbox: { path: 'killed' }, inFlight: 8, timeoutMs: 300 };
  const start = () => f.agent(settings, '--results', results);
  let broker = await f.broker();
  let consumer = await f.consumer();
  let agent = await start();
  for (let i = 0; i < 6; i++) {
    await agent.says('connected');
    await sleep(30 + 40 * i);
    await agent.stop('SIGKILL');
    if (i === 2) {
      await broker.stop('SIGKILL');
      broker = await f.broker();
    }
    if (i === 3) {
      await consumer.stop('SIGKILL');
      consumer = await f.consumer();
    }
    agent = await start();
  }
  expect(await agent.ended).toBe(0);
  const lines = await linesOf(results);
  expect(lines.filter((l) => l.error)).toEqual([]);
  expect(new Set(lines.map((l) => l.image)).size).toBe(lines.length);
  expect(lines).toHaveLength(IMAGES);
});

it('keeps what it could not send when it is asked to stop, and the next one sends it', async () => {
  f = await fleet('aedes', deployment);
  const settings = { outbox: { path: 'stopped', catchUpPerS: 1000 }, timeoutMs: 200 };
  const first = await f.agent(settings);
  await first.says('trying again');
  await sleep(1000);
  expect(await first.stop('SIGTERM')).toBe(0);
  const { waiting } = summaryOf(first).outbox!;
  expect(waiting).toBeGreaterThan(0);
  await f.broker();
  await f.consumer();
  const second = await f.agent(settings);
  expect(await second.ended).toBe(0);
  const { inferences, outbox } = summaryOf(second);
  expect(inferences.failed).toBe(0);
  expect(inferences.answered).toBe(IMAGES);
  expect(outbox!.waiting).toBe(0);
});
