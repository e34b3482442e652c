/** How to get an engine. */
import { availableParallelism, loadavg } from 'node:os';
import type { Engine } from '../model/engine.ts';
import { OrtEngine } from './ort/engine.ts';
import type { OrtOptions } from './ort/options.ts';
import { TfjsEngine, type TfjsOptions } from './tfjs/engine.ts';

export const engineNames = ['onnxruntime', 'tfjs'] as const;
export type EngineName = (typeof engineNames)[number];

/** What an engine has no setting for, it leaves aside: TensorFlow decides on its own threads. */
export interface EngineOptions extends OrtOptions, TfjsOptions {
  /** Default `onnxruntime`. */
  readonly engine?: EngineName;
}

/**
 * An engine in a worker thread. Nothing native is loaded in the calling thread, unless a model is to run there (`mostStallMs`).
 * @throws CutlineError ENGINE_MISSING when TensorFlow.js is asked for and not installed
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { engine = 'onnxruntime' } = options;
  switch (engine) {
    case 'onnxruntime':
      return new OrtEngine(options);
    case 'tfjs':
      return new TfjsEngine(options);
    default:
      return engine satisfies never;
  }
}

/**
 * The engine as attacks and trainings want it, which compute for minutes. Threads that wait busily answer sooner, and take
 * the processor from whoever else has work: they do so only where the machine was idle at the start. Tiny numbers vanish,
 * which keeps optimisers fast.
 * @throws CutlineError ENGINE_MISSING
 */
export function createComputingEngine(
  options: Omit<EngineOptions, 'spinning' | 'flushDenormals'> = {},
): Promise<Engine> {
  const idle = (loadavg()[0] ?? 0) < availableParallelism() / 2;
  return createEngine({ ...options, spinning: idle, flushDenormals: true });
}
