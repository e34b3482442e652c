/** The onnxruntime engine. */
import { availableParallelism } from 'node:os';
import { RemoteEngine, workerBeside } from '../remote/engine.ts';

export interface OrtOptions {
  /** Threads inside one operator; default all cores. */
  readonly threads?: number;
  /** `cpu`, or what the platform's onnxruntime offers (`cuda` on linux-x64, `coreml` on macOS). Default `cpu`. */
  readonly executionProvider?: string;
  /** Idle threads wait busily: faster for long computations, a waste of battery on a device. Default false. */
  readonly spinning?: boolean;
  /** Numbers below the normal range become zero, which keeps optimisers fast. Default false: results stay bit-exact. */
  readonly flushDenormals?: boolean;
}

/** Settings of the worker. */
export type OrtSettings = Required<OrtOptions>;

export class OrtEngine extends RemoteEngine {
  constructor(options: OrtOptions = {}) {
    const settings: OrtSettings = {
      threads: options.threads ?? availableParallelism(),
      executionProvider: options.executionProvider ?? 'cpu',
      spinning: options.spinning ?? false,
      flushDenormals: options.flushDenormals ?? false,
    };
    super('onnxruntime', workerBeside(import.meta.url), settings, { hasFloat64: true });
  }
}
