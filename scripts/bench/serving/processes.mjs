/** The processes of a benchmark: started, waited for, ended together. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const children = [];

/** @param ready a word after which it serves; without one it is not waited for @param stdin `pipe` for one that reads */
export async function start(command, argv, ready, stdin = 'ignore') {
  const child = spawn(command, argv, { stdio: [stdin, 'pipe', 'pipe'] });
  children.push(child);
  let out = '';
  let text = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  for (const deadline = Date.now() + 30_000; ready && !text.includes(ready); await sleep(20)) {
    if (Date.now() > deadline || child.exitCode !== null) throw new Error(`${command} did not start:\n${text}`);
  }
  return { pid: child.pid, ended, stdin: child.stdin, stdout: () => out, text: () => text };
}

export function endAll() {
  for (const child of children) child.kill('SIGKILL');
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
