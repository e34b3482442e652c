import type { Telemetry } from '../../../src/device/routes/telemetry.ts';

/** Before anything was seen. */
export const unseen: Telemetry = {
  isOnline: false,
  headMs: {},
  slowdown: 1,
  link: null,
  beyondMs: null,
  waitingMs: 0,
  tailFactor: 1,
  temperatureC: null,
  battery: null,
};
