/** Power and temperature of the device, looked at now and then: each look takes a second or so, and little of the processor. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPowerMeter, type PowerMeter } from './power/index.ts';
import { round } from './record.ts';
import { readTemperatureC } from './temperature.ts';

export interface Vitals {
  readonly power: { readonly watts: number; readonly source: 'measured' | 'modelled'; readonly meter: string } | null;
  readonly temperatureC: number | null;
}

export interface VitalSignsOptions {
  /** As for `cutline profile --meter`. */
  readonly meter: string;
  readonly everyMs: number;
  readonly log: (line: string) => void;
  /** Where the sensors' files lie; for tests. */
  readonly sys?: string;
}

export interface VitalSigns {
  /** Of the last look. */
  readonly latest: Vitals;
  close(): void;
}

const LOOK_MS = 1000;

/**
 * The first look is a moment after the start, which has other things to do. A meter that stops answering is told of once.
 * @throws CutlineError POWER_METER_UNKNOWN, POWER_METER_UNAVAILABLE for a meter that is asked for by name
 */
export async function openVitalSigns(options: VitalSignsOptions): Promise<VitalSigns> {
  const { meter: name, everyMs, log, sys } = options;
  const open = async () => openPowerMeter(name, { machineModel: await modelOfBoard(), ...(sys && { sys }) });
  // Whoever names a meter is told at once that it is not there.
  let meter = ['auto', 'none'].includes(name) ? undefined : await open();
  let latest: Vitals = { power: null, temperatureC: null };
  let isFirst = true;
  let isWell = true;
  let isOver = false;
  const look = async () => {
    // What is not known any more is not told.
    latest = { power: latest.power, temperatureC: await readTemperatureC(sys) };
    if (isFirst && meter === undefined) meter = await open();
    isFirst = false;
    if (meter === undefined) return;
    latest = { ...latest, power: await powerOf(meter, Math.min(LOOK_MS, everyMs / 2)) };
    isWell = true;
  };
  const complain = (error: unknown) => {
    // No sensor ends an agent, whatever it says.
    latest = { ...latest, power: null };
    if (isWell) log(`the power is not told any more: ${(error as Error).message}`);
    isWell = false;
  };
  let timer: NodeJS.Timeout;
  const next = (afterMs: number) => {
    if (isOver) return;
    timer = setTimeout(
      () =>
        void look()
          .catch(complain)
          .finally(() => next(everyMs)),
      afterMs,
    ).unref();
  };
  next(Math.min(LOOK_MS, everyMs / 4));
  return {
    get latest() {
      return latest;
    },
    close() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}

async function powerOf(meter: PowerMeter, lookMs: number): Promise<Vitals['power']> {
  const reading = await meter.start();
  await sleep(lookMs, undefined, { ref: false });
  const { energyMj, durationMs } = await reading.stop();
  // mJ / ms
  return { watts: round(energyMj / durationMs), source: meter.source, meter: meter.name };
}

/** What a board calls itself: `Raspberry Pi 4 Model B Rev 1.4`. */
async function modelOfBoard(): Promise<string | undefined> {
  const text = await readFile('/proc/device-tree/model', 'utf8').catch(() => undefined);
  return text?.replaceAll('\0', '').trim();
}
