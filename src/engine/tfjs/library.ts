/** TensorFlow.js, injected: tfjs-node where it is installed, tfjs-core with any backend otherwise. */
import { createRequire } from 'node:module';
import type * as Core from '@tensorflow/tfjs-core';
import { CutlineError } from '../../errors.ts';

export type Tf = typeof Core;
export type TfTensor = Core.Tensor;

/** The native library: an optional peer, since its install script downloads libtensorflow. */
const nativePackages: readonly string[] = ['@tensorflow/tfjs-node'];

/**
 * What `CUTLINE_TFJS` names, separated by commas, else the native library. Where that does not run (Node 23 and newer),
 * `@tensorflow/tfjs-core,@tensorflow/tfjs-backend-cpu` does, slowly.
 */
export function usualPackages(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = environment.CUTLINE_TFJS?.split(',').flatMap((name) => name.trim() || []) ?? [];
  return named.length > 0 ? named : nativePackages;
}

/**
 * Looks whether the packages are there, without loading them.
 * @throws CutlineError ENGINE_MISSING
 */
export function requireInstalled(packages: readonly string[]): void {
  const { resolve } = createRequire(import.meta.url);
  for (const name of packages) {
    try {
      resolve(name);
    } catch (error) {
      throw missing(name, 'it is not installed', error);
    }
  }
}

/**
 * @param packages the first is the library, further ones register backends with it
 * @throws CutlineError ENGINE_MISSING
 */
export async function loadLibrary(packages: readonly string[]): Promise<Tf> {
  const modules: unknown[] = [];
  for (const name of packages) {
    try {
      modules.push(await import(name));
    } catch (error) {
      throw missing(name, error instanceof Error ? error.message : String(error), error);
    }
  }
  // CommonJS packages come as the default export where their names cannot be seen from outside.
  const [first] = modules as (Partial<Tf> & { default?: Tf })[];
  const tf = typeof first?.tensor === 'function' ? (first as Tf) : first?.default;
  if (typeof tf?.tensor !== 'function') throw missing(packages.join(', '), 'it is not TensorFlow.js');
  await tf.ready();
  return tf;
}

export function missing(name: string, problem: string, cause?: unknown): CutlineError {
  const [line = ''] = problem.split('\n');
  const details = { package: name, problem: line, node: process.version };
  return new CutlineError('ENGINE_MISSING', details, cause === undefined ? {} : { cause });
}
