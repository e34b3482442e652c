/** A thread that answers requests, each by its number. Nobody is kept alive by one that waits for work. */
import { parentPort, type Worker } from 'node:worker_threads';
import { compiled, startThread } from '../compiled.ts';
import { CutlineError, type ErrorCode, type ErrorDetails } from '../errors.ts';

interface Asked<Q> {
  readonly id: number;
  readonly request: Q;
}

type Reply<R> =
  | { readonly id: number; readonly value: R }
  | { readonly id: number; readonly code: ErrorCode; readonly details: ErrorDetails }
  | { readonly id: number; readonly problem: string };

export class Thread<Q, R> {
  readonly #name: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(value: R): void; reject(error: unknown): void }>();
  #next = 0;

  /** @param name of its file in this folder, without `-worker.ts`; @param data plain values that it begins with */
  constructor(name: string, data: object) {
    this.#name = name;
    this.#worker = startThread(compiled(`./${name}-worker.js`, import.meta.url), data);
    this.#worker.on('message', (reply: Reply<R>) => this.#settle(reply));
    const fail = (error: unknown) => {
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    };
    this.#worker.on('error', fail);
    this.#worker.on('exit', (code) => fail(new Error(`the ${name} thread ended with ${code}`)));
    this.#worker.unref();
  }

  /** @throws CutlineError what the thread throws */
  ask(request: Q): Promise<R> {
    const id = this.#next++;
    return new Promise<R>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ id, request } satisfies Asked<Q>);
    }).finally(() => {
      if (this.#waiting.size === 0) this.#worker.unref();
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(reply: Reply<R>): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('value' in reply) waiting?.resolve(reply.value);
    else if ('code' in reply) waiting?.reject(new CutlineError(reply.code, reply.details));
    else waiting?.reject(new Error(`the ${this.#name} thread failed: ${reply.problem}`));
  }
}

/** The thread's half. @param buffersOf the answer that move to whoever asked instead of being copied */
export function serve<Q, R>(answer: (request: Q) => R | Promise<R>, buffersOf: (value: R) => ArrayBuffer[]): void {
  parentPort!.on('message', async ({ id, request }: Asked<Q>) => {
    try {
      const value = await answer(request);
      parentPort!.postMessage({ id, value } satisfies Reply<R>, buffersOf(value));
    } catch (error) {
      const reply: Reply<R> =
        error instanceof CutlineError
          ? { id, code: error.code, details: error.details }
          : { id, problem: (error as Error).message };
      parentPort!.postMessage(reply);
    }
  });
}
