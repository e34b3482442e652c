/**
 * A power meter says how much energy the machine took between two moments. It knows nothing of what ran meanwhile. Its
 * readings are `measured` when a sensor gave them, `modelled` when they follow from the load.
 */
export interface PowerMeter {
  readonly name: string;
  readonly source: 'measured' | 'modelled';
  /** What the figure covers, for the profile: `CPU package and memory`. */
  readonly covers: string;
  start(): Promise<PowerReading>;
}

export interface PowerReading {
  /** Energy since `start`; call once. */
  stop(): Promise<{ readonly energyMj: number; readonly durationMs: number }>;
}
