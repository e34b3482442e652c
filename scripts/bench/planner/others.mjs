/** What of the machine others took while something was measured. Linux. */
import { readFileSync } from 'node:fs';

const ticksPerS = 100;

/** Seconds of processor that everybody took since boot, and that we did: this process, children that ended, and `pids`. */
function taken(pids) {
  const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8')
    .split('\n')[0]
    .split(/\s+/)
    .map(Number);
  const own = pids.reduce((n, pid) => n + ofProcess(pid), ofProcess('self'));
  return { all: (user + nice + system + irq + softirq) / ticksPerS, own: own / ticksPerS };
}

function ofProcess(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
      .map(Number);
    const [utime, stime, cutime, cstime] = fields.slice(11, 15);
    return utime + stime + cutime + cstime;
  } catch {
    return 0;
  }
}

/** @returns what the work returns, and how many processors others kept busy meanwhile */
export async function watched(work, pids = []) {
  const [before, startedMs] = [taken(pids), performance.now()];
  const value = await work();
  const after = taken(pids);
  const seconds = (performance.now() - startedMs) / 1000;
  const others = after.all - before.all - (after.own - before.own);
  return { value, others: Math.max(0, others / seconds) };
}
