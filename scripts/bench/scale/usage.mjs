/** What a process has used, from /proc: processor, memory, and what it wrote and read, its sockets included. */
import { readFile } from 'node:fs/promises';

/** Clock ticks a second: what Linux tells in /proc is in hundredths, whatever the kernel counts in. */
const TICKS_PER_S = 100;
const PAGE = 4096;

/** @returns cpuS user and system together; residentBytes; readBytes and writtenBytes by its calls */
export async function usageOf(pid) {
  const [stat, statm, io] = await Promise.all(
    ['stat', 'statm', 'io'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
  );
  // What stands in brackets is the program's name, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const of = (name) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(io)[1]);
  return {
    cpuS: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S,
    residentBytes: Number(statm.split(' ')[1]) * PAGE,
    readBytes: of('rchar'),
    writtenBytes: of('wchar'),
  };
}

export const between = (before, after) => ({
  cpuS: after.cpuS - before.cpuS,
  readBytes: after.readBytes - before.readBytes,
  writtenBytes: after.writtenBytes - before.writtenBytes,
});
