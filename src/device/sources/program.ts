/** A program that writes frames on its standard output: started without a shell, and started again when it ends or falls silent. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from '../../broker/index.ts';
import { CutlineError } from '../../errors.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Debian's package that has it. */
  readonly package: string;
  /** Not to be seen in what is logged. */
  readonly secret?: string | undefined;
}

/** Where the shell would find it. @throws CutlineError SOURCE_PROGRAM */
export async function findProgram({ program, package: name }: Command, path = process.env.PATH ?? ''): Promise<string> {
  for (const folder of path.split(delimiter).filter((f) => f !== '')) {
    const way = join(folder, program);
    if (
      await access(way, constants.X_OK).then(
        () => true,
        () => false,
      )
    ) {
      return way;
    }
  }
  throw new CutlineError('SOURCE_PROGRAM', { program, package: name });
}

export interface KeepOptions {
  /** Reads what it writes, until that ends. Called for each start. */
  readonly read: (output: AsyncIterable<Buffer>, alive: () => void) => Promise<void>;
  readonly onRestart: () => void;
  /** It is ended after so long without a sign of life. */
  readonly silenceMs: number;
  readonly log: (line: string) => void;
  readonly stop: AbortSignal;
  readonly backoff?: Backoff;
}

/** Of what it says on stderr this much is kept: the end tells why. */
const SAID_BYTES = 4096;
/** Asked to end, it has this long. */
const PATIENCE_MS = 2000;

/** Runs it again and again until `stop` aborts; then it has ended. */
export async function keepRunning(way: string, command: Command, options: KeepOptions): Promise<void> {
  const { onRestart, log, stop } = options;
  const backoff = options.backoff ?? new Backoff({ firstMs: 500, maxMs: 30_000, stableMs: 10_000 });
  for (let starts = 0; !stop.aborted; starts++) {
    if (starts > 0) onRestart();
    const startMs = performance.now();
    const why = await runOnce(way, command, options);
    if (stop.aborted) return;
    backoff.lasted(performance.now() - startMs);
    const waitMs = backoff.nextMs();
    log(`${command.program} ended: ${why}; starting it again in ${(waitMs / 1000).toFixed(1)} s`);
    await sleep(waitMs, undefined, { signal: stop }).catch(() => {});
  }
}

/** @returns why it ended, in a line */
async function runOnce(way: string, { args, secret }: Command, options: KeepOptions): Promise<string> {
  const { read, silenceMs, stop } = options;
  const child = spawn(way, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-SAID_BYTES)));
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  let reason: string | undefined;
  const kill = () => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS).unref();
  };
  const silence = setTimeout(() => {
    reason = `no frame for ${silenceMs / 1000} s`;
    kill();
  }, silenceMs);
  stop.addEventListener('abort', kill, { once: true });
  if (stop.aborted) kill();
  try {
    await read(child.stdout, () => silence.refresh()).catch(() => kill());
    // Whoever closes its output and stays is of no more use.
    const patience = setTimeout(kill, PATIENCE_MS);
    const how = await ended;
    clearTimeout(patience);
    const last = lastLine(secret === undefined ? said : said.replaceAll(secret, '…'));
    return [reason ?? how, last].filter((part) => part !== '').join(', ');
  } finally {
    clearTimeout(silence);
    stop.removeEventListener('abort', kill);
  }
}

function lastLine(said: string): string {
  const printable = said.replace(/[^\P{Cc}\n\r]/gu, '');
  return (
    printable
      .trim()
      .split(/[\r\n]+/)
      .at(-1) ?? ''
  ).slice(-300);
}
