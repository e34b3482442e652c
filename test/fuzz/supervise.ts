/** Runs children, since what a mutant does to native code may end or stop the process it is in. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Report, Task } from './child.ts';
import type { Verdict } from './judge.ts';

interface Supervision {
  /** For the child that follows `done` mutants. */
  readonly task: (done: number) => Task;
  readonly count: number;
  readonly limitMs: number;
  /** By `performance.now()`. */
  readonly untilMs: number;
}

export interface Judged {
  readonly number: number;
  readonly verdict: Verdict;
}

/** The mutants in their order; a crash, a hang and too much memory are faults of the one that was being judged. */
export async function* supervise({ task, count, limitMs, untilMs }: Supervision): AsyncGenerator<Judged> {
  let done = 0;
  while (done < count && performance.now() < untilMs) {
    const child = fork(new URL('./child.js', import.meta.url), [JSON.stringify(task(done))], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    let stderr = '';
    child.stderr?.on('data', (text) => {
      stderr = (stderr + text).slice(-2000);
    });
    const before = done;
    for await (const judged of judgedBy(child, limitMs, () => stderr)) {
      done++;
      yield judged;
      if (done >= count || performance.now() >= untilMs) break;
    }
    child.kill('SIGKILL');
    if (done === before) throw new Error(`the child judged nothing: ${stderr}`);
  }
}

async function* judgedBy(child: ChildProcess, limitMs: number, stderr: () => string): AsyncGenerator<Judged> {
  const waiting: (Judged | 'ended')[] = [];
  let wake = () => {};
  let current: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const push = (item: Judged | 'ended') => {
    waiting.push(item);
    wake();
  };
  const failed = (fault: string) => {
    clearTimeout(timer);
    if (current !== undefined) push({ number: current, verdict: { steps: [fault], faults: [`${fault} ${stderr()}`] } });
    current = undefined;
  };
  child.on('message', (report: Report) => {
    if ('begin' in report) {
      current = report.begin;
      timer = setTimeout(() => {
        failed('hang');
        child.kill('SIGKILL');
      }, limitMs);
    } else if ('end' in report) {
      clearTimeout(timer);
      current = undefined;
      push({ number: report.end, verdict: report.verdict });
    } else failed('memory');
  });
  void once(child, 'close').then(([code, signal]) => {
    failed(`crash (${signal ?? `exit code ${code}`})`);
    push('ended');
  });
  for (;;) {
    while (waiting.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const item = waiting.shift()!;
    if (item === 'ended') return;
    yield item;
  }
}
