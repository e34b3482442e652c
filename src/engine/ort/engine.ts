/** The onnxruntime engine. */
import { availableParallelism } from 'node:os';
import { compiled } from '../../compiled.ts';
import { CutlineError } from '../../errors.ts';
import type { LoadOptions, Session } from '../../model/engine.ts';
import type { Graph } from '../../model/graph.ts';
import { encodeModel } from '../../model/index.ts';
import { RemoteEngine } from '../remote/engine.ts';
import type { NearSession } from './near.ts';
import type { OrtOptions, OrtSettings } from './options.ts';
import { withoutTelemetry } from './telemetry.ts';

/** Larger ones take long to load, and hardly ever run in a millisecond. */
const mostNearBytes = 16 * 2 ** 20;

export class OrtEngine extends RemoteEngine {
  readonly #settings: OrtSettings;
  readonly #near = new Set<NearSession>();

  constructor(options: OrtOptions = {}) {
    withoutTelemetry();
    const settings: OrtSettings = {
      threads: options.threads ?? availableParallelism(),
      executionProvider: options.executionProvider ?? 'cpu',
      spinning: options.spinning ?? false,
      flushDenormals: options.flushDenormals ?? false,
    };
    super('onnxruntime', compiled('./worker.js', import.meta.url), settings, { hasFloat64: true });
    this.#settings = settings;
  }

  override async load(model: Graph | Uint8Array, options: LoadOptions = {}): Promise<Session> {
    const { mostStallMs, signal, ...rest } = options;
    if (mostStallMs === undefined || rest.keepBytes !== undefined) return super.load(model, options);
    if (this.isClosed) throw new CutlineError('ENGINE_CLOSED');
    if (signal?.aborted) throw new CutlineError('CANCELLED');
    const bytes = model instanceof Uint8Array ? model : encodeModel(model);
    if (bytes.length > mostNearBytes) return super.load(bytes, options);
    // The runtime is loaded into this thread by those who want it there.
    const { openNear } = await import('./near.ts');
    const near = openNear(bytes, this.#settings, rest, mostStallMs, {
      loadFar: () => super.load(bytes, rest),
      onClose: (session) => this.#near.delete(session),
    });
    if (!near) return super.load(bytes, options);
    this.#near.add(near);
    return near;
  }

  override async close(): Promise<void> {
    await Promise.all([...this.#near].map((session) => session.close()));
    await super.close();
  }
}
