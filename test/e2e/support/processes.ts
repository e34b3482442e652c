/** Real processes: the compiled command, and mosquitto. */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Running {
  readonly child: ChildProcess;
  /** Null unless it was asked for. */
  readonly stdin: Writable | null;
  stdout(): string;
  stderr(): string;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Resolves when this appears on stdout or stderr; fails when the process ends before. */
  says(text: string | RegExp): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

export function cutline(...args: string[]): Running {
  return run(process.execPath, ['dist/cli/main.js', ...args]);
}

export function run(
  command: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> & { readonly stdin?: 'pipe' } = {},
): Running {
  const { stdin = 'ignore', ...rest } = options;
  const child = spawn(command, args, { ...rest, stdio: [stdin, 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout!.on('data', (chunk: Buffer) => (out += chunk));
  child.stderr!.on('data', (chunk: Buffer) => (err += chunk));
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  let over: number | string | undefined;
  void ended.then((code) => (over = code));
  return {
    child,
    stdin: child.stdin,
    ended,
    stdout: () => out,
    stderr: () => err,
    async says(text) {
      const found = () => (typeof text === 'string' ? (out + err).includes(text) : text.test(out + err));
      for (const deadline = Date.now() + 30_000; !found(); await sleep(10)) {
        if (over !== undefined) throw new Error(`${args.join(' ')} ended with ${over} before saying ${text}:\n${err}`);
        if (Date.now() > deadline) throw new Error(`${args.join(' ')} did not say ${text}:\n${out}\n${err}`);
      }
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Why mosquitto cannot be used here; undefined when it can. */
export function mosquittoMissing(): string | undefined {
  const { error } = spawnSync('mosquitto', ['-h']);
  return error ? `mosquitto is not installed (${(error as NodeJS.ErrnoException).code})` : undefined;
}
