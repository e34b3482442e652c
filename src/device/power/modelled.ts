/** Power from CPU load on boards whose curve was published: W = a·u + b, u the share of all cores in use (PowerJoular). */
import { cpus } from 'node:os';
import type { PowerMeter } from './meter.ts';

export interface Board {
  readonly name: string;
  /** Matches the model string that the board reports. */
  readonly pattern: RegExp;
  readonly slopeW: number;
  readonly idleW: number;
}

export const boards: readonly Board[] = [
  { name: 'raspberry-pi-5', pattern: /Raspberry Pi 5/i, slopeW: 3.458, idleW: 4.403 },
  { name: 'raspberry-pi-4', pattern: /Raspberry Pi 4 Model B/i, slopeW: 4.534, idleW: 2.286 },
  { name: 'raspberry-pi-3b-plus', pattern: /Raspberry Pi 3 Model B Plus/i, slopeW: 3.298, idleW: 2.002 },
  { name: 'raspberry-pi-zero-w', pattern: /Raspberry Pi Zero W/i, slopeW: 0.473, idleW: 0.92 },
];

/** Milliseconds since boot that all cores together were busy and idle. */
export interface CpuTimes {
  readonly busyMs: number;
  readonly idleMs: number;
}

export function cpuTimes(): CpuTimes {
  let busyMs = 0;
  let idleMs = 0;
  for (const { times } of cpus()) {
    idleMs += times.idle;
    busyMs += times.user + times.nice + times.sys + times.irq;
  }
  return { busyMs, idleMs };
}

export function modelledMeter(board: Board, read: () => CpuTimes = cpuTimes): PowerMeter {
  return {
    name: 'modelled',
    source: 'modelled',
    // The kernel counts in hundredths of a second.
    intervalMs: 10,
    covers: `the board, from CPU load by PowerJoular's fit for ${board.name}`,
    async start() {
      const before = read();
      const startedMs = performance.now();
      return {
        async stop() {
          const durationMs = performance.now() - startedMs;
          const after = read();
          const busy = after.busyMs - before.busyMs;
          const all = busy + after.idleMs - before.idleMs;
          const share = all > 0 ? busy / all : 0;
          return { energyMj: (board.slopeW * share + board.idleW) * durationMs, durationMs };
        },
      };
    },
  };
}
