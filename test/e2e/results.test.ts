/** Whatever ends an agent costs nothing that was finished; real processes, killed in real ways. */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fullDisk } from '../support/full-disk.ts';
import { type Deployment, deploy } from './support/deployment.ts';
import { type Fleet, fleet, summaryOf } from './support/fleet.ts';

const COUNT = 300;
let deployment: Deployment;
let f: Fleet;
const at = (...parts: string[]) => join(deployment.folder, ...parts);
beforeAll(async () => {
  deployment = await deploy({ images: COUNT });
});
afterAll(() => deployment?.remove());
beforeEach(async () => {
  f = await fleet('aedes', deployment);
});
afterEach(() => f?.end());

interface Written {
  readonly index: number;
  readonly image: string;
  readonly outputs?: object;
  readonly error?: { readonly code: string };
}

const whole = async (path: string): Promise<Written[]> =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
const answeredIn = async (path: string) => (await whole(path)).filter((l) => l.outputs).map((l) => l.image);
const names = async () => (await readdir(at('images'))).sort();
const linesIn = (path: string) =>
  whole(path).then(
    (lines) => lines.length,
    () => 0,
  );

describe('an agent that is ended while it works', () => {
  it.each<[string, NodeJS.Signals[]]>([
    ['kill -9', ['SIGKILL']],
    ['SIGHUP', ['SIGHUP']],
    ['two SIGINTs', ['SIGINT', 'SIGINT']],
  ])('by %s, again and again, has every picture answered once in the end', async (name, signals) => {
    const path = at(`${name}.jsonl`);
    await f.broker();
    await f.consumer();
    for (const share of [0.2, 0.5, 0.8]) {
      const agent = await f.agent({ inFlight: 3 }, '--results', path);
      await expect.poll(() => linesIn(path), { timeout: 30_000, interval: 5 }).toBeGreaterThan(share * COUNT);
      const before = await linesIn(path);
      for (const signal of signals) agent.child.kill(signal);
      await agent.ended;
      expect(await linesIn(path)).toBeGreaterThanOrEqual(before);
    }
    // As if it had died within a write.
    const { size } = await stat(path);
    await truncate(path, size - 20);
    const last = await f.agent({ inFlight: 3 }, '--results', path);
    expect(await last.ended, last.stderr()).toBe(0);
    expect(last.stderr()).toMatch(/bytes of a torn line cut off; \d+ answers are not asked for again/);
    expect((await answeredIn(path)).sort()).toEqual(await names());
    expect((await whole(path)).map((l) => l.index).sort((a, b) => a - b)).toEqual([...Array(COUNT).keys()]);
    const { inferences, source } = summaryOf(last);
    expect(inferences.total + source.resumed).toBe(COUNT);
  });
});

describe('an agent whose results are there', () => {
  it('tries what failed again, knows renamed pictures, and does everything again when it is told to', async () => {
    const path = at('again.jsonl');
    await mkdir(at('some'));
    for (const i of [0, 1, 2]) await copyFile(at('images', `000${i}.png`), at('some', `${i}.png`));
    await copyFile(at('images/0003.png'), at('some/3.png'));
    await truncate(at('some/3.png'), 200);
    await f.broker();
    await f.consumer();
    const run = async (...args: string[]) => {
      const agent = await f.agent({ images: ['some'] }, '--results', path, ...args);
      const code = await agent.ended;
      return { code, ...summaryOf(agent) };
    };
    expect(await run()).toMatchObject({ code: 1, inferences: { total: 4, failed: 1 } });
    expect(await run()).toMatchObject({ code: 1, inferences: { total: 1, failed: 1 }, source: { resumed: 3 } });
    await copyFile(at('images/0003.png'), at('some/3.png'));
    execFileSync('mv', [at('some/0.png'), at('some/9.png')]);
    expect(await run()).toMatchObject({ code: 0, inferences: { total: 1, answered: 1 }, source: { resumed: 3 } });
    expect(await run()).toMatchObject({ code: 0, inferences: { total: 0 }, source: { resumed: 4 } });
    expect((await answeredIn(path)).sort()).toEqual(['0.png', '1.png', '2.png', '3.png']);
    expect(await run('--no-resume')).toMatchObject({ code: 0, inferences: { total: 4 } });
    expect(await answeredIn(path)).toHaveLength(8);
    expect(await run('--overwrite')).toMatchObject({ code: 0, inferences: { total: 4 } });
    expect(await answeredIn(path)).toHaveLength(4);
  });

  it('refuses a folder and somebody else’s file before anything is sent, and leaves them', async () => {
    await writeFile(at('notes.txt'), 'milk\n');
    const other = await f.agent({}, '--results', at('notes.txt'));
    expect(await other.ended).toBe(2);
    expect(JSON.parse(other.stdout()).code).toBe('RESULTS_OTHER');
    expect(await readFile(at('notes.txt'), 'utf8')).toBe('milk\n');
    const folder = await f.agent({}, '--results', at('images'));
    expect(await folder.ended).toBe(1);
    expect(JSON.parse(folder.stdout()).message).toMatch(/images: cannot write \(it is a folder\)/);
  });

  it('writes into a FIFO that is read', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    await f.broker();
    await f.consumer();
    const agent = await f.agent({ images: ['images/0000.png', 'images/0001.png'] }, '--results', at('pipe'));
    const read = await readFile(at('pipe'), 'utf8');
    expect(await agent.ended).toBe(0);
    expect(read.trimEnd().split('\n')).toHaveLength(2);
    expect((await stat(at('pipe'))).isFIFO()).toBe(true);
  });
});

describe('an agent that cannot go on', () => {
  it('for want of a broker keeps what was done where it belongs, and goes on from there', async () => {
    const path = at('lost.jsonl');
    const broker = await f.broker();
    const consumer = await f.consumer();
    const agent = await f.agent({}, '--results', path, '--give-up-after', '1');
    await expect.poll(() => linesIn(path), { timeout: 30_000, interval: 5 }).toBeGreaterThan(20);
    await broker.stop('SIGKILL');
    await consumer.stop('SIGKILL');
    expect(await agent.ended).toBe(1);
    expect(agent.stdout()).toContain('BROKER_UNREACHABLE');
    expect(agent.stderr()).toContain(`what was done until here is in ${path}`);
    expect((await answeredIn(path)).length).toBeGreaterThan(20);
    await f.broker();
    await f.consumer();
    const next = await f.agent({}, '--results', path);
    expect(await next.ended, next.stderr()).toBe(0);
    expect((await answeredIn(path)).sort()).toEqual(await names());
  });

  it('for want of room keeps whole lines, and goes on when there is room', async (ctx) => {
    const disk = fullDisk(ctx, 68 * 1024);
    const path = join(disk, 'r.jsonl');
    await f.broker();
    await f.consumer();
    const agent = await f.agent({ inFlight: 3 }, '--results', path);
    expect(await agent.ended).toBe(1);
    expect(JSON.parse(agent.stdout())).toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' });
    const text = await readFile(path, 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    const kept = (await answeredIn(path)).length;
    expect(kept).toBeGreaterThan(20);
    execFileSync('mount', ['-o', 'remount,size=1m', disk]);
    const next = await f.agent({ inFlight: 3 }, '--results', path);
    expect(await next.ended, next.stderr()).toBe(0);
    expect(summaryOf(next).source.resumed).toBe(kept);
    expect((await answeredIn(path)).sort()).toEqual(await names());
  });
});
