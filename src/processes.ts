/** Other cutline processes: broker, consumer and agent run apart, as they would in the field. */
import { type ChildProcess, spawn } from 'node:child_process';
import { CutlineError } from './errors.ts';

const maxOutputBytes = 64 << 20;

export interface Running {
  /** The first JSON document the process prints. @throws CutlineError PROCESS_ENDED */
  readonly firstDocument: Promise<unknown>;
  /** Resolves when a line of its log holds this. @throws CutlineError PROCESS_ENDED */
  said(text: string): Promise<void>;
  /** What it printed when it has ended with code 0. @throws CutlineError PROCESS_ENDED */
  readonly finished: Promise<string>;
  /** Asks it to end, and waits. */
  stop(): Promise<void>;
}

/**
 * @param command the built `cli/main.js`
 * @param signal asks the process to end; what is awaited then fails with CANCELLED
 */
export function runCutline(
  command: string,
  args: readonly string[],
  log: (line: string) => void,
  signal: AbortSignal,
): Running {
  const child: ChildProcess = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  const name = `cutline ${args[0]}`;
  const problem = (what: string) =>
    signal.aborted
      ? new CutlineError('CANCELLED')
      : new CutlineError('PROCESS_ENDED', { name, problem: [what, err.trim()].join('. ') });
  const abort = () => void child.kill('SIGTERM');
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  const listeners = new Set<() => void>();
  let heard = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    heard = (heard + text).slice(-100_000);
    for (const listener of listeners) listener();
    err = (err + text).slice(-2000);
    for (const line of text.trimEnd().split('\n')) log(`${name}: ${line}`);
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  void exited.then(() => signal.removeEventListener('abort', abort));
  const firstDocument = new Promise<unknown>((resolve, reject) => {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if (out.length + text.length > maxOutputBytes) child.kill('SIGKILL');
      else out += text;
      if (!out.trimEnd().endsWith('}')) return;
      try {
        resolve(JSON.parse(out));
      } catch {
        // Not whole yet.
      }
    });
    void exited.then(() => reject(problem('it ended before it was ready')));
  });
  const finished = exited.then((code) => {
    if (code !== 0 || signal.aborted) throw problem(`it ended with code ${code}`);
    return out;
  });
  // Whoever is interested awaits them; nobody else is told.
  firstDocument.catch(() => {});
  finished.catch(() => {});
  return {
    firstDocument,
    finished,
    said: (text) =>
      new Promise((resolve, reject) => {
        const listen = () => heard.includes(text) && resolve();
        listeners.add(listen);
        listen();
        void exited.then(() => reject(problem(`it ended before it said ${text}`)));
      }),
    async stop() {
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(patience);
    },
  };
}
