/** Power of this machine at rest and at work. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import type { Power } from '../../profile/index.ts';
import type { PowerMeter } from '../power/index.ts';
import { probes } from './chains.ts';
import { round } from './round.ts';

export interface PowerOptions {
  /** For each of the two readings. Default 3 s. */
  readonly durationMs?: number;
  readonly signal?: AbortSignal;
}

/** At work means dense convolutions without pause, on all threads of the engine. */
export async function measurePower(meter: PowerMeter, engine: Engine, options: PowerOptions = {}): Promise<Power> {
  const { durationMs = 3000, signal } = options;
  const cancel = signal ? { signal } : {};
  const idle = await watts(meter, () =>
    sleep(durationMs, undefined, cancel).catch((cause: unknown) => {
      throw new CutlineError('CANCELLED', {}, { cause });
    }),
  );
  const { graph, feeds } = probes[0]!.chain(5);
  const session = await engine.load(graph, cancel);
  try {
    const busy = await watts(meter, async () => {
      const untilMs = performance.now() + durationMs;
      while (performance.now() < untilMs) await session.time(feeds, { warmups: 0, repeats: 20, ...cancel });
    });
    const note = `covers ${meter.covers}`;
    const figure = (value: number) => ({ value: round(value), unit: 'W' as const, source: meter.source, note });
    return { meter: meter.name, idleW: figure(idle), busyW: figure(busy) };
  } finally {
    await session.close();
  }
}

async function watts(meter: PowerMeter, during: () => Promise<void>): Promise<number> {
  const reading = await meter.start();
  await during();
  const { energyMj, durationMs } = await reading.stop();
  return energyMj / durationMs;
}
