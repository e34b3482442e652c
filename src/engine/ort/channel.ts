/** Requests to one worker and their answers, by number. */
import { Worker } from 'node:worker_threads';
import { CutlineError } from '../../errors.ts';
import type { OrtSettings, Reply, Request } from './protocol.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((steps: number) => void) | undefined;
}

/** Workers run compiled JavaScript: under a TypeScript loader (the tests) the twin in dist/ is started. */
const workerUrl = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/engine/ort/worker.js', import.meta.url)
  : new URL('./worker.js', import.meta.url);

export class Channel {
  readonly #worker: Worker;
  readonly #flags = new Int32Array(new SharedArrayBuffer(4 * 1024));
  readonly #pending = new Map<number, Pending>();
  #count = 0;
  #end: CutlineError | undefined;

  constructor(settings: Omit<OrtSettings, 'cancelFlags'>) {
    const workerData: OrtSettings = { ...settings, cancelFlags: this.#flags };
    this.#worker = new Worker(workerUrl, { workerData });
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (error) =>
      this.#fail(new CutlineError('ENGINE_CRASHED', { problem: error.message }, { cause: error })),
    );
    this.#worker.on('exit', (code) => this.#fail(new CutlineError('ENGINE_CRASHED', { problem: `exit code ${code}` })));
    // An idle engine does not keep the process alive; a pending request does.
    this.#worker.unref();
  }

  get alive(): boolean {
    return this.#end === undefined;
  }

  send<T>(request: Request, signal?: AbortSignal, onProgress?: (steps: number) => void): Promise<T> {
    if (this.#end) return Promise.reject(this.#end);
    if (signal?.aborted) return Promise.reject(new CutlineError('CANCELLED'));
    const id = ++this.#count;
    return new Promise<T>((resolve, reject) => {
      const abort = () => {
        Atomics.store(this.#flags, id % this.#flags.length, id);
        this.#take(id)?.reject(new CutlineError('CANCELLED'));
      };
      signal?.addEventListener('abort', abort, { once: true });
      const done = () => signal?.removeEventListener('abort', abort);
      this.#pending.set(id, {
        resolve: (value) => {
          done();
          resolve(value as T);
        },
        reject: (error) => {
          done();
          reject(error);
        },
        onProgress,
      });
      this.#worker.ref();
      try {
        this.#worker.postMessage({ id, request });
      } catch (error) {
        this.#take(id)?.reject(new CutlineError('ENGINE_RUN', { problem: (error as Error).message }, { cause: error }));
      }
    });
  }

  async close(): Promise<void> {
    this.#fail(new CutlineError('ENGINE_CLOSED'));
    await this.#worker.terminate();
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker.unref();
    return pending;
  }

  #settle(reply: Reply): void {
    if ('progress' in reply) {
      this.#pending.get(reply.id)?.onProgress?.(reply.progress);
      return;
    }
    const pending = this.#take(reply.id);
    if (reply.ok) pending?.resolve(reply.value);
    else pending?.reject(new CutlineError(reply.code, { problem: reply.problem }));
  }

  #fail(error: CutlineError): void {
    this.#end ??= error;
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(this.#end);
  }
}
