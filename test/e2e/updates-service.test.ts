/** An agent that takes plans, as a service: what systemd hears, what signals do, and how it ends. */
import { execFileSync, spawn } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fullDisk } from '../support/full-disk.ts';
import { run } from './support/processes.ts';
import { trial, type Updating, updating } from './support/updating.ts';

let u: Updating;
beforeEach(async () => {
  u = await updating({ images: 3 });
});
afterEach(() => u?.end());

const results = () => ['--results', u.at('results.jsonl')];
const http = { images: [], source: { type: 'http', port: 0 } };

describe('an agent that takes plans', () => {
  it('ends with its pictures, by the agent’s own exit code, with one document', async () => {
    await u.serve('first');
    const agent = await u.agent({}, ...results());
    expect(await agent.ended, agent.stderr()).toBe(0);
    expect(JSON.parse(agent.stdout())).toMatchObject({ inferences: { total: 3, answered: 3, failed: 0 } });
    await writeFile(u.at('images', 'broken.png'), 'no picture');
    const again = await u.agent({}, ...results());
    expect(await again.ended).toBe(1);
    expect(again.stderr()).toContain('INFERENCES_FAILED');
    await copyFile(u.at('images', '0000.png'), u.at('images', 'one-more.png'));
    const refused = await u.agent({ broker: { url: 'mqtt://127.0.0.1:1' }, giveUpAfterS: 0.2 }, ...results());
    expect(await refused.ended).toBe(1);
    expect(JSON.parse(refused.stdout())).toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });

  it('is refused where its pictures would be lost, or whoever pushes would decide', async () => {
    const settings = { folder: 'updates', from: u.server.url };
    for (const [changed, args, problem] of [
      [{}, [], 'give --results'],
      [{}, [...results(), '--no-resume'], '--no-resume'],
      [{ planKeys: [] }, results(), 'planKeys'],
      [{ images: [], source: { type: 'stdin', format: 'mjpeg' } }, results(), 'standard input'],
      [{ updates: { ...settings, from: 'http://files.example/' } }, results(), 'plainHttp'],
      [{ privacyBudget: { ledger: 'l', epsilon: 1, delta: 1e-5, windowHours: 1 } }, results(), 'privacyBudget'],
    ] as const) {
      const agent = await u.agent({ updates: settings, ...changed }, ...args);
      expect([await agent.ended, agent.stdout()]).toEqual([2, expect.stringContaining(problem)]);
    }
  });

  it('runs once for a folder', async () => {
    await u.serve('first');
    const agent = await u.agent(http);
    await agent.says('connected');
    const second = await u.agent(http);
    expect(await second.ended).toBe(1);
    expect(JSON.parse(second.stdout())).toMatchObject({ code: 'UPDATE_IN_USE' });
    expect(await agent.stop('SIGINT')).toBe(0);
  });

  it('runs once for a folder, also where several are started at the same moment', async () => {
    await u.serve('first');
    const all = await Promise.all([u.agent(http), u.agent(http), u.agent(http)]);
    const exits = all.map((agent) => agent.ended);
    const refused = await Promise.all(exits.map((exit) => Promise.race([exit, sleep(15_000, 'runs')])));
    expect(refused.map(String).sort()).toEqual(['1', '1', 'runs']);
    const [one] = all.filter((_, i) => refused[i] === 'runs');
    expect(await one!.stop('SIGTERM')).toBe(0);
  });

  it('goes on where the disk is full, and takes new plans when there is room', async (ctx) => {
    const disk = fullDisk(ctx, 256 * 1024);
    await writeFile(join(disk, 'full'), Buffer.alloc(1 << 20)).catch(() => {});
    const made = await u.make();
    await u.serve('first', made);
    const updates = { folder: join(disk, 'updates'), from: u.server.url };
    const agent = await u.agent({ updates }, ...results());
    expect(await agent.ended, agent.stderr()).toBe(0);
    expect(agent.stderr()).toContain('new plans cannot be taken');
    expect(JSON.parse(agent.stdout())).toMatchObject({ inferences: { answered: 3 } });
    const waits = await u.agent({ updates, ...http });
    await u.push(made);
    await waits.says(/cannot write .* Trying again/);
    expect(await waits.stop()).toBe(0);
  });

  it('tells systemd of one service while agents come and go, and keeps the supervisor small', async (ctx) => {
    try {
      execFileSync('systemd-notify', ['--version'], { stdio: 'ignore' });
    } catch {
      console.warn('SKIPPED: systemd-notify is not here');
      return ctx.skip();
    }
    const socket = u.at('notify');
    const listener = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('ready', flush=True)
while True: print(s.recv(4096).decode().split('\\n')[0], flush=True)
`;
    const heard: string[] = [];
    const python = spawn('python3', ['-c', listener, socket]);
    createInterface({ input: python.stdout }).on('line', (line) => line !== 'BARRIER=1' && heard.push(line));
    try {
      await expect.poll(() => heard, { timeout: 10_000 }).toContain('ready');
      const made = await u.make();
      await u.serve('first', made);
      const config = await u.d.config('service.yaml', {
        broker: { url: u.f.url },
        fleet: 'yard',
        device: 'cam-1',
        plan: 'plan.json',
        protocol: './least.yaml',
        planKeys: ['plan.pub'],
        ...http,
        updates: { folder: 'updates', from: u.server.url, trial: { ...trial, answers: 1 } },
      });
      const env = { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '900000' };
      const agent = run(process.execPath, ['dist/cli/main.js', 'agent', '--config', config], { env });
      await agent.says('http://127.0.0.1');
      await u.push(made);
      await agent.says(`runs plan ${made.plan.planId}`);
      await agent.says(/(http:\S+infer[\s\S]*){2}/);
      const url = [...agent.stderr().matchAll(/http:\S+\/infer/g)].at(-1)![0];
      const body = await readFile(u.at('images', '0000.png'));
      const response = await fetch(url, { method: 'POST', body, headers: { 'Content-Type': 'image/png' } });
      expect(response.status).toBe(200);
      await agent.says(`plan ${made.plan.planId} is confirmed`);
      const memory = await readFile(`/proc/${agent.child.pid}/smaps_rollup`, 'utf8').catch(() => '');
      const mb = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(memory)?.[1] ?? 0) / 1000;
      console.log(`supervisor: ${mb('Rss')} MB resident, ${mb('Pss')} MB of them its share`);
      expect(mb('Pss')).toBeLessThan(110);
      const maps = await readFile(`/proc/${agent.child.pid}/maps`, 'utf8').catch(() => '');
      expect(maps).not.toMatch(/onnxruntime/);
      expect(await agent.stop()).toBe(0);
      await expect.poll(() => heard.at(-1)).toBe('STOPPING=1');
      expect(heard.filter((h) => h === 'READY=1')).toHaveLength(1);
      expect(heard.filter((h) => h === 'STOPPING=1')).toHaveLength(1);
      expect(heard.filter((h) => h === 'WATCHDOG=1').length).toBeGreaterThan(2);
    } finally {
      python.kill();
    }
  });
});
