import { compiled } from '../../compiled.ts';
/** The TensorFlow.js engine: the same plain ONNX graphs, node by node, in float32. */
import { RemoteEngine } from '../remote/engine.ts';
import { requireInstalled, usualPackages } from './library.ts';

export interface TfjsOptions {
  /**
   * npm packages that make up TensorFlow.js: the library, then what registers its backends. Default what the
   * environment variable `CUTLINE_TFJS` names, else `@tensorflow/tfjs-node`.
   */
  readonly packages?: readonly string[];
}

/** Settings of the worker. */
export type TfjsSettings = Required<TfjsOptions>;

/** Graphs are not rewritten: every `optimization` is `disabled`. TensorFlow decides on its threads. */
export class TfjsEngine extends RemoteEngine {
  /** @throws CutlineError ENGINE_MISSING */
  constructor(options: TfjsOptions = {}) {
    const settings: TfjsSettings = { packages: options.packages ?? usualPackages() };
    requireInstalled(settings.packages);
    super('tfjs', compiled('./worker.js', import.meta.url), settings, { hasFloat64: false });
  }
}
