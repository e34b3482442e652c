/**
 * One supervisor and one agent for a folder. Their process ids are written down with the time of their start, since ids come again:
 * a supervisor that was killed leaves an agent behind, which leaves by itself, and the next one waits for that.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CutlineError } from '../../errors.ts';
import { writeAtomically } from '../../files.ts';
import { readAgentConfig } from '../config.ts';

type Who = 'supervisor' | 'agent';
const LOOK_MS = 50;
const SETTLE_MS = 200;

/** @throws CutlineError UPDATE_IN_USE, OUTPUT_NOT_WRITABLE */
export async function claim(folder: string, who: Who): Promise<void> {
  const path = pathOf(folder, who);
  const pid = await livingIn(path);
  if (pid !== undefined && pid !== process.pid) throw new CutlineError('UPDATE_IN_USE', { path: folder, pid });
  await writeAtomically(path, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }));
  // Of those that come at the same time the last to write it down stays.
  await sleep(SETTLE_MS);
  const other = await livingIn(path);
  if (other !== undefined && other !== process.pid)
    throw new CutlineError('UPDATE_IN_USE', { path: folder, pid: other });
}

/** Until an agent that an earlier supervisor left behind is gone; after `patienceMs` it is ended. */
export async function awaitAlone(folder: string, patienceMs: number, log: (line: string) => void): Promise<void> {
  const path = pathOf(folder, 'agent');
  const untilMs = performance.now() + patienceMs;
  let isTold = false;
  for (let pid = await livingIn(path); pid !== undefined; pid = await livingIn(path)) {
    if (!isTold) log(`waiting for agent ${pid}, which another supervisor left behind`);
    isTold = true;
    if (performance.now() > untilMs) process.kill(pid, 'SIGKILL');
    await sleep(LOOK_MS);
  }
}

/** By the agent that a supervisor started. @throws CutlineError UPDATE_IN_USE, OUTPUT_NOT_WRITABLE, of the configuration */
export async function claimAgent(configPath: string, set: readonly string[]): Promise<void> {
  const { config, folder } = await readAgentConfig(configPath, { env: process.env, set });
  const { updates } = config;
  if (updates)
    await evenWhenFull(
      () => {},
      () => claim(resolve(folder, updates.folder), 'agent'),
    );
}

/** A disk that takes nothing more takes no new plans; what runs goes on. @throws CutlineError for other reasons */
export async function evenWhenFull(log: (line: string) => void, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code, details } = error as CutlineError;
    const isFull = code === 'OUTPUT_NOT_WRITABLE' && /ENOSPC|EDQUOT|EROFS/.test(String(details.problem));
    if (!isFull) throw error;
    log(`new plans cannot be taken: ${(error as Error).message}`);
  }
}

const pathOf = (folder: string, who: Who): string => join(folder, `${who}.pid`);

/** The process that is written down there, if it is still the same one. */
async function livingIn(path: string): Promise<number | undefined> {
  try {
    const { pid, started } = JSON.parse(await readFile(path, 'utf8')) as { pid: unknown; started: unknown };
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 2) return undefined;
    process.kill(pid, 0);
    return startOf(pid) === started ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Clock ticks after boot at which it started, and the boot; null where there is no /proc, or it is a zombie. */
function startOf(pid: number): string | null {
  try {
    // The name of the program may have spaces and parentheses in it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return fields[0] === 'Z' ? null : `${boot} ${fields[19]}`;
  } catch {
    return null;
  }
}
