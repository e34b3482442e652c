/** A meter of a sensor that tells power, not energy: it is asked again and again, and trapezoids are added up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CutlineError } from '../../errors.ts';
import type { PowerMeter, PowerReading } from './meter.ts';

export interface PowerSensor {
  readonly name: string;
  readonly covers: string;
  readonly intervalMs: number;
  /** Watts now. */
  readonly readW: () => Promise<number>;
}

/** It is read once before anything is promised. @throws CutlineError POWER_METER_UNAVAILABLE */
export async function sampledMeter(sensor: PowerSensor): Promise<PowerMeter> {
  const { name, covers, intervalMs } = sensor;
  await ask(sensor);
  return { name, source: 'measured', covers, intervalMs, start: () => begin(sensor) };
}

async function begin(sensor: PowerSensor): Promise<PowerReading> {
  const startedMs = performance.now();
  let last = { atMs: startedMs, watts: await ask(sensor) };
  let energyMj = 0;
  let failure: unknown;
  const end = new AbortController();
  const sample = async () => {
    const watts = await ask(sensor);
    const atMs = performance.now();
    energyMj += ((last.watts + watts) / 2) * (atMs - last.atMs);
    last = { atMs, watts };
  };
  // One after the other: a sensor behind a command or a network may be slower than its interval.
  const sampling = (async () => {
    while (!end.signal.aborted) {
      await sleep(sensor.intervalMs, undefined, { signal: end.signal, ref: false }).catch(() => {});
      if (!end.signal.aborted) await sample();
    }
  })().catch((error: unknown) => {
    failure = error;
  });
  return {
    async stop() {
      end.abort();
      await sampling;
      if (failure !== undefined) throw failure;
      await sample();
      return { energyMj, durationMs: last.atMs - startedMs };
    },
  };
}

async function ask({ name, readW }: PowerSensor): Promise<number> {
  const watts = await readW().catch((cause: unknown) => {
    if (cause instanceof CutlineError) throw cause;
    throw new CutlineError('POWER_METER_UNAVAILABLE', { name, problem: problemOf(cause) }, { cause });
  });
  if (Number.isFinite(watts) && watts >= 0 && watts < MOST_W) return watts;
  throw new CutlineError('POWER_METER_UNAVAILABLE', { name, problem: `it says ${watts} W` });
}

/** A sensor of one machine that says more is broken or in another unit. */
const MOST_W = 100_000;

/** Why a file or command could not be read, in our words. */
export function problemOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it; run as root, or give it the right';
  return code ?? message;
}
