/** Measures this machine, the link to a broker, and a model's heads and tails, and says it as a profile. */
import { availableParallelism, totalmem } from 'node:os';
import type { ConnectOptions } from '../../broker/index.ts';
import { createEngine } from '../../engine/index.ts';
import type { Profile } from '../../profile/index.ts';
import { openPowerMeter } from '../power/index.ts';
import { measureCompute } from './compute.ts';
import { measureEncode } from './encode.ts';
import { measureLink } from './link/index.ts';
import { describeMachine } from './machine.ts';
import { measureMechanisms } from './mechanism.ts';
import { type ModelToMeasure, measureModel, randomFeeds } from './model.ts';
import { measureEnergy, measurePower } from './power.ts';
import { measureResident, memoryWarning } from './resident.ts';
import { measureRuntime } from './runtime/index.ts';
import { measureSustained } from './sustained.ts';

export { meterNames } from '../power/index.ts';
export type { ModelToMeasure } from './model.ts';

export interface ProfileOptions {
  readonly name: string;
  readonly created: Date;
  readonly model?: ModelToMeasure;
  readonly connect?: ConnectOptions;
  /** The built `cli/main.js`: agent, consumer and broker are started from it. */
  readonly command: string;
  /** As `openPowerMeter` takes it. */
  readonly meter: string;
  /** Default: all cores. */
  readonly threads?: number;
  /** Time for the heads and tails of the model together; with less than six seconds the rest is measured hastily too. */
  readonly budgetMs: number;
  readonly signal?: AbortSignal;
  /** A line for people about what is being measured. */
  readonly log: (line: string) => void;
}

/** Boards without a fan slow down within it; the whole profile has two minutes. */
const SUSTAINED_MS = 15_000;

/**
 * Nothing else should run meanwhile. The broker is asked first: of all things it is the likeliest to fail.
 * @throws CutlineError BROKER_*, LINK_SILENT, POWER_METER_*, CANCELLED, and what loading the model throws
 */
export async function profileMachine(options: ProfileOptions): Promise<Profile> {
  const { name, created, model, connect, log, signal } = options;
  const threads = options.threads ?? availableParallelism();
  const cancel = signal ? { signal } : {};
  const machine = await describeMachine();
  const meter = await openPowerMeter(options.meter, { machineModel: machine.model, onSkipped: log });
  if (connect) log(`link through ${connect.url}`);
  const link = connect && (await measureLink({ connect, budgetMs: Math.min(20_000, options.budgetMs), ...cancel }));
  const engine = await createEngine({ threads });
  try {
    log(`speed of operators, ${threads} threads`);
    const compute = await measureCompute(engine, {
      threads,
      budgetMs: Math.min(60, options.budgetMs / 100),
      ...cancel,
    });
    log('encoding');
    const encode = await measureEncode();
    log('defenses');
    const mechanism = await measureMechanisms(signal);
    if (meter) log(`power by ${meter.name}`);
    const power = meter && (await measurePower(meter, engine, cancel));
    log('runtime');
    const runtime = await measureRuntime(engine, {
      command: options.command,
      threads,
      budgetMs: Math.min(30_000, 5 * options.budgetMs),
      log,
      ...cancel,
    });
    const models = model && [await modelOf(model)];
    // Last: it leaves the machine hot.
    const sustained = options.budgetMs >= 20_000 && (await lasting());
    return {
      format: 'cutline.profile/1',
      name,
      created: created.toISOString(),
      machine: { ...machine, ...(sustained && { sustained }) },
      compute,
      encode,
      mechanism,
      runtime,
      ...(power && { power }),
      ...(link && { link }),
      ...(models && { models }),
    };
    async function modelOf(measured: ModelToMeasure) {
      const entry = await measureModel(measured, { threads, budgetMs: options.budgetMs, log, ...cancel });
      log(`${measured.name}: memory`);
      const resident = await measureResident(measured.graph, { command: options.command, threads, ...cancel });
      const warning = memoryWarning(resident.bytes.value, totalmem(), measured.name);
      if (warning !== undefined) log(warning);
      if (!meter || !power?.idleW) return { ...entry, resident };
      log(`${measured.name}: energy by ${meter.name}`);
      const asked = { graph: measured.graph, feeds: randomFeeds(measured.graph), idleW: power.idleW.value };
      return { ...entry, resident, energy: await measureEnergy(meter, engine, asked, cancel) };
    }

    async function lasting() {
      log('speed that lasts');
      return measureSustained(engine, { durationMs: SUSTAINED_MS, ...cancel });
    }
  } finally {
    await engine.close();
  }
}
