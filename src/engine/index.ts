/** Engines: the contract, and how to get one. */

export type { Engine, LoadOptions, LoopOptions, RunOptions, Session } from '../model/engine.ts';
export { accuracy } from './accuracy.ts';
export { createComputingEngine, createEngine, type EngineName, type EngineOptions, engineNames } from './create.ts';
export type { OrtOptions } from './ort/options.ts';
export { runRows } from './run-rows.ts';
export { createServingEngine } from './serving.ts';
export type { TfjsOptions } from './tfjs/engine.ts';
