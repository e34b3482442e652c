/** Power of this machine at rest and at work, and what one inference takes of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, Session } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import type { Graph, Tensors } from '../../model/index.ts';
import type { Figure, Power } from '../../profile/index.ts';
import type { PowerMeter } from '../power/index.ts';
import { probes } from './chains.ts';
import { round } from './round.ts';

export interface PowerOptions {
  /** For each reading, and never less than twenty intervals of the sensor. Default 3 s. */
  readonly durationMs?: number;
  readonly signal?: AbortSignal;
}

/** Of the sensor: fewer say more of its interval than of the machine. */
const INTERVALS = 20;

/** At work means dense convolutions without pause, on all threads of the engine. */
export async function measurePower(meter: PowerMeter, engine: Engine, options: PowerOptions = {}): Promise<Power> {
  const { signal } = options;
  const durationMs = windowOf(meter, options);
  const cancel = signal ? { signal } : {};
  const idle = await during(meter, () =>
    sleep(durationMs, undefined, cancel).catch((cause: unknown) => {
      throw new CutlineError('CANCELLED', {}, { cause });
    }),
  );
  const { graph, feeds } = probes[0]!.chain(5);
  const session = await engine.load(graph, cancel);
  try {
    const busy = await during(meter, async () => void (await keepBusy(session, feeds, durationMs, signal)));
    const note = `covers ${meter.covers}; over ${round(durationMs / 1000)} s, the sensor has something new every ${meter.intervalMs} ms`;
    const figure = (value: number) => ({ value: round(value), unit: 'W' as const, source: meter.source, note });
    return { meter: meter.name, idleW: figure(idle.watts), busyW: figure(busy.watts) };
  } finally {
    await session.close();
  }
}

export interface InferenceEnergy {
  /** All that the machine took while it inferred, shared among the inferences. */
  readonly grossMj: Figure<'mJ'>;
  /** Beyond what it takes at rest. Zero and more: less is noise. */
  readonly netMj: Figure<'mJ'>;
}

/** Of the whole network, one inference after the other, over a window longer than the sensor's interval. */
export async function measureEnergy(
  meter: PowerMeter,
  engine: Engine,
  { graph, feeds, idleW }: { readonly graph: Graph; readonly feeds: Tensors; readonly idleW: number },
  options: PowerOptions = {},
): Promise<InferenceEnergy> {
  const session = await engine.load(graph, options.signal ? { signal: options.signal } : {});
  try {
    let inferences = 0;
    const { energyMj, durationMs } = await during(meter, async () => {
      inferences = await keepBusy(session, feeds, windowOf(meter, options), options.signal);
    });
    const figure = (mj: number, note: string): Figure<'mJ'> => ({
      value: round(mj),
      unit: 'mJ',
      source: meter.source,
      note: `${note}, ${inferences} inferences in ${round(durationMs / 1000)} s`,
    });
    const netMj = Math.max(0, energyMj - idleW * durationMs) / inferences;
    return { grossMj: figure(energyMj / inferences, 'all of it'), netMj: figure(netMj, `beyond ${idleW} W at rest`) };
  } finally {
    await session.close();
  }
}

const windowOf = ({ intervalMs }: PowerMeter, { durationMs = 3000 }: PowerOptions): number =>
  Math.max(durationMs, INTERVALS * intervalMs);

/** @returns how many times it ran; at least once */
async function keepBusy(session: Session, feeds: Tensors, durationMs: number, signal?: AbortSignal): Promise<number> {
  const untilMs = performance.now() + durationMs;
  let runs = 0;
  do runs += (await session.time(feeds, { warmups: 0, repeats: 5, ...(signal && { signal }) })).length;
  while (performance.now() < untilMs);
  return runs;
}

async function during(meter: PowerMeter, work: () => Promise<void>) {
  const reading = await meter.start();
  await work();
  const { energyMj, durationMs } = await reading.stop();
  return { energyMj, durationMs, watts: energyMj / durationMs };
}
