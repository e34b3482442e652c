/**
 * A power meter says how much energy the machine took between two moments. It knows nothing of what ran meanwhile. Its
 * readings are `measured` when a sensor gave them, `modelled` when they follow from the load.
 */
export interface PowerMeter {
  readonly name: string;
  readonly source: 'measured' | 'modelled';
  /** What the figure covers, for the profile: `CPU package and memory`. */
  readonly covers: string;
  /** How often the sensor has something new, ms: a shorter reading says nothing. */
  readonly intervalMs: number;
  start(): Promise<PowerReading>;
}

export interface PowerReading {
  /** Energy since `start`; call once. @throws CutlineError POWER_METER_UNAVAILABLE when the sensor stopped answering */
  stop(): Promise<{ readonly energyMj: number; readonly durationMs: number }>;
}
