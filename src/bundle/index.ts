/** Bundles: an agent as one file for one device. */
export { type BundleOptions, makeBundle } from './bundle.ts';
export { type BundledConfig, bundledConfig } from './config.ts';
export type { Platform } from './platform.ts';
