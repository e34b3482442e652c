/**
 * Intel and AMD energy counters through Linux powercap (kernel documentation: power/powercap). Zones: `intel-rapl:N` is a
 * package, `intel-rapl:N:M` lies within it; of those only `dram` is not already in the package's figure.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CutlineError } from '../../errors.ts';
import type { PowerMeter, PowerReading } from './meter.ts';

/** Counters step about every millisecond. */
const INTERVAL_MS = 1;

interface Zone {
  readonly name: string;
  readonly folder: string;
  /** The counter starts again at zero after this. */
  readonly rangeUj: number;
}

export interface RaplOptions {
  /** Default `/sys/class/powercap`. */
  readonly root?: string;
  /** The counter is read this often, so that no wrap goes unseen: at 200 W it wraps after 20 minutes. Default 60 s. */
  readonly samplingMs?: number;
}

/** Undefined where the machine has no such counters. @throws CutlineError POWER_METER_UNAVAILABLE when they may not be read */
export async function openRapl(options: RaplOptions = {}): Promise<PowerMeter | undefined> {
  const { root = '/sys/class/powercap', samplingMs = 60_000 } = options;
  const zones = await findZones(root);
  if (zones.length === 0) return undefined;
  try {
    await readAll(zones);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const problem =
      code === 'EACCES' ? 'only root may read energy_uj: sudo chmod o+r the files, or run as root' : String(code);
    throw new CutlineError('POWER_METER_UNAVAILABLE', { name: 'rapl', problem }, { cause });
  }
  const covers = coversOf(zones);
  return { name: 'rapl', source: 'measured', covers, intervalMs: INTERVAL_MS, start: () => begin(zones, samplingMs) };
}

async function findZones(root: string): Promise<Zone[]> {
  const entries = await readdir(root).catch(() => []);
  const zones: Zone[] = [];
  // `intel-rapl-mmio:0` counts the same package a second time.
  for (const entry of entries.filter((e) => /^intel-rapl:\d+(:\d+)?$/.test(e)).sort()) {
    const folder = join(root, entry);
    const name = (await readFile(join(folder, 'name'), 'utf8').catch(() => '')).trim();
    const isPart = entry.split(':').length === 3;
    // `psys` is the whole platform and contains the packages.
    if (isPart ? name !== 'dram' : !name.startsWith('package')) continue;
    const rangeUj = Number(await readFile(join(folder, 'max_energy_range_uj'), 'utf8').catch(() => 'none'));
    if (rangeUj > 0) zones.push({ name, folder, rangeUj });
  }
  return zones;
}

/** What the zones cover, not what one hopes: many machines have no counter of their memory, and none has one of the board. */
function coversOf(zones: readonly Zone[]): string {
  const memory = zones.some((z) => z.name === 'dram') ? 'and memory' : '(memory has no counter here)';
  return `CPU packages ${memory}, not the rest of the board`;
}

function readAll(zones: readonly Zone[]): Promise<number[]> {
  return Promise.all(zones.map(async ({ folder }) => Number(await readFile(join(folder, 'energy_uj'), 'utf8'))));
}

async function begin(zones: readonly Zone[], samplingMs: number): Promise<PowerReading> {
  let last = await readAll(zones);
  let totalUj = 0;
  const startedMs = performance.now();
  const sample = async (): Promise<void> => {
    const now = await readAll(zones);
    for (const [i, { rangeUj }] of zones.entries()) totalUj += elapsedUj(last[i]!, now[i]!, rangeUj);
    last = now;
  };
  let sampling: Promise<void> = Promise.resolve();
  let failure: unknown;
  const timer = setInterval(() => {
    sampling = sampling.then(sample).catch((error: unknown) => void (failure = error));
  }, samplingMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await sampling;
      const durationMs = performance.now() - startedMs;
      if (failure === undefined) await sample().catch((error: unknown) => void (failure = error));
      if (failure !== undefined) {
        const problem = `a counter stopped answering (${(failure as NodeJS.ErrnoException).code})`;
        throw new CutlineError('POWER_METER_UNAVAILABLE', { name: 'rapl', problem }, { cause: failure });
      }
      return { energyMj: totalUj / 1000, durationMs };
    },
  };
}

/** Between two looks at a counter that may have wrapped once. */
export function elapsedUj(before: number, after: number, rangeUj: number): number {
  return after >= before ? after - before : after + rangeUj - before;
}
