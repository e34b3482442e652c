/** Engines: the contract, and how to get one. */
import type { Engine } from './engine.ts';
import { OrtEngine, type OrtOptions } from './ort/engine.ts';

export type { Engine, LoadOptions, LoopOptions, RunOptions, Session } from './engine.ts';
export type { OrtOptions } from './ort/engine.ts';

export type EngineOptions = OrtOptions;

/** The default engine: onnxruntime in a worker thread. Nothing native is loaded in the calling thread. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  return new OrtEngine(options);
}
