/** What systemd hears, by a socket of our own in its place. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNotifier } from '../../src/ops/notify.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-notify-'));
});
afterAll(() => rm(folder, { recursive: true }));

const listener = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('ready', flush=True)
while True: print(s.recv(4096).decode().split('\\n')[0], flush=True)
`;

const has = (program: string) => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe('systemd', () => {
  it('hears of the start, of life, and of the end', async (ctx) => {
    if (!has('systemd-notify') || !has('python3')) {
      console.warn('SKIPPED: systemd-notify or python3 is not here');
      return ctx.skip();
    }
    const path = join(folder, 'notify');
    const heard: string[] = [];
    const python = spawn('python3', ['-c', listener, path]);
    createInterface({ input: python.stdout }).on('line', (line) => {
      // With which systemd-notify waits until it was heard.
      if (line !== 'BARRIER=1') heard.push(line);
    });
    try {
      await expect.poll(() => heard, { timeout: 10_000 }).toContain('ready');
      const said: string[] = [];
      const env = { ...process.env, NOTIFY_SOCKET: path, WATCHDOG_USEC: '600000', WATCHDOG_PID: String(process.pid) };
      const notifier = openNotifier({ env, log: (line) => said.push(line) })!;
      notifier.ready();
      await expect.poll(() => heard.filter((h) => h === 'WATCHDOG=1').length, { timeout: 10_000 }).toBeGreaterThan(1);
      await notifier.stopping();
      await expect.poll(() => heard.at(-1)).toBe('STOPPING=1');
      expect(heard).toContain('READY=1');
      expect(said).toEqual([]);
    } finally {
      python.kill();
    }
  });

  it('is no concern of who was not started by it', () => {
    expect(openNotifier({ env: {}, log: () => {} })).toBeUndefined();
  });

  it('is said once not to listen', async () => {
    const said: string[] = [];
    const env = { NOTIFY_SOCKET: join(folder, 'nobody'), PATH: folder };
    const notifier = openNotifier({ env, log: (line) => said.push(line) })!;
    await notifier.stopping();
    await notifier.stopping();
    expect(said).toEqual([expect.stringMatching(/^systemd was not told STOPPING=1: ENOENT/)]);
  });
});
