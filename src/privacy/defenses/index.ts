/** Defenses: what changes on the device so that less can be seen in the cloud. */
export type { Defense, Distribution, Law, Place } from './defense.ts';
export { createDeviceDefense, type DeviceDefense } from './device.ts';
export { noise } from './noise.ts';
export { averagedObservations } from './observe.ts';
export { isRelative, parseDefense, resolveDefense } from './parse.ts';
export { cryptographicNoise, type NoiseSource, seededNoise } from './source.ts';
