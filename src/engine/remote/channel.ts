/** Requests to one worker and their answers, by number. */
import type { Worker } from 'node:worker_threads';
import { startThread } from '../../compiled.ts';
import { CutlineError } from '../../errors.ts';
import type { Reply, Request, WorkerData } from './protocol.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((steps: number) => void) | undefined;
}

export class Channel {
  readonly #worker: Worker;
  readonly #flags = new Int32Array(new SharedArrayBuffer(4 * 1024));
  readonly #pending = new Map<number, Pending>();
  /** Requests the worker has not answered yet: also those that nobody waits for any more. */
  readonly #outstanding = new Set<number>();
  readonly #ended: Promise<void>;
  #count = 0;
  #end: CutlineError | undefined;

  /** @param settings for the worker, plain values */
  constructor(worker: URL, settings: object) {
    const data: WorkerData = { settings, cancelFlags: this.#flags };
    this.#worker = startThread(worker, data);
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (error) =>
      this.#fail(new CutlineError('ENGINE_CRASHED', { problem: error.message }, { cause: error })),
    );
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#fail(new CutlineError('ENGINE_CRASHED', { problem: `exit code ${code}` }));
        resolve();
      });
    });
    // An idle engine does not keep the process alive. A request does until the worker has answered, even if cancelled:
    // a thread that is ended inside native code aborts the whole process.
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
        this.#ask(id);
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
      this.#outstanding.add(id);
      this.#worker.ref();
      try {
        this.#worker.postMessage({ id, request });
      } catch (error) {
        this.#answered(id);
        this.#take(id)?.reject(new CutlineError('ENGINE_RUN', { problem: (error as Error).message }, { cause: error }));
      }
    });
  }

  /**
   * Pending requests fail at once; the worker ends when the run it is in returns. It is asked to, not terminated:
   * `terminate()` during a run ends in `terminate called after throwing an instance of 'Napi::Error'`.
   */
  async close(): Promise<void> {
    this.#fail(new CutlineError('ENGINE_CLOSED'));
    for (const id of this.#outstanding) this.#ask(id);
    this.#worker.ref();
    this.#worker.postMessage({ id: ++this.#count, request: { kind: 'stop' } satisfies Request });
    await this.#ended;
  }

  /** Asks the worker to give a request up at its next step. */
  #ask(id: number): void {
    Atomics.store(this.#flags, id % this.#flags.length, id);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #answered(id: number): void {
    this.#outstanding.delete(id);
    if (this.#outstanding.size === 0) this.#worker.unref();
  }

  #settle(reply: Reply): void {
    if ('progress' in reply) {
      this.#pending.get(reply.id)?.onProgress?.(reply.progress);
      return;
    }
    // While closing, the worker is waited for until it ends.
    if (!this.#end) this.#answered(reply.id);
    const pending = this.#take(reply.id);
    if (reply.ok) pending?.resolve(reply.value);
    else pending?.reject(new CutlineError(reply.code, reply.details));
  }

  #fail(error: CutlineError): void {
    this.#end ??= error;
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(this.#end);
  }
}
