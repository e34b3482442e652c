/**
 * The speed that lasts: boards without a fan slow down after a while. A head's work without pause, the first second against
 * the last; temperature, governor and power mode say why.
 */
import { readFile } from 'node:fs/promises';
import type { Engine } from '../../engine/index.ts';
import { median } from '../../numeric/index.ts';
import type { Machine } from '../../profile/index.ts';
import { probes } from './chains.ts';
import { round } from './round.ts';

export interface SustainedOptions {
  readonly durationMs: number;
  readonly signal?: AbortSignal;
}

/** Runs of the first and of the last part are held against each other. */
const PART_MS = 1500;

export async function measureSustained(
  engine: Engine,
  { durationMs, signal }: SustainedOptions,
): Promise<NonNullable<Machine['sustained']>> {
  const { graph, feeds } = probes[0]!.chain(5);
  const session = await engine.load(graph, signal ? { signal } : {});
  try {
    const runs: { readonly atMs: number; readonly ms: number }[] = [];
    const startMs = performance.now();
    for (let atMs = 0; atMs < durationMs || runs.length < 20; atMs = performance.now() - startMs) {
      const times = await session.time(feeds, { warmups: 0, repeats: 10, ...(signal && { signal }) });
      for (const ms of times) runs.push({ atMs, ms });
    }
    const endMs = runs.at(-1)!.atMs;
    const partMs = Math.min(PART_MS, endMs / 3);
    const of = (some: typeof runs) => median(some.map((r) => r.ms));
    // The very first is cold.
    const first = of(runs.slice(5).filter((r) => r.atMs <= partMs));
    const last = of(runs.filter((r) => r.atMs >= endMs - partMs));
    const seconds = round(durationMs / 1000);
    return {
      value: round(first / last),
      unit: 'ratio',
      source: 'measured',
      note: `speed after ${seconds} s of work against the first`,
    };
  } finally {
    await session.close();
  }
}

/** Linux' frequency governor of the first core; undefined where there is none. */
export const readGovernor = (sys = '/sys'): Promise<string | undefined> =>
  firstLine(`${sys}/devices/system/cpu/cpu0/cpufreq/scaling_governor`);

/** NVIDIA's power mode (`nvpmodel`), as its daemon notes it: `pmode:0001`; undefined elsewhere. */
export async function readPowerMode(root = ''): Promise<string | undefined> {
  const said = await firstLine(`${root}/var/lib/nvpmodel/status`);
  return said?.startsWith('pmode:') ? `nvpmodel ${Number(said.slice(6, 10))}` : undefined;
}

async function firstLine(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n')[0]!.trim().slice(0, 200) || undefined;
}
