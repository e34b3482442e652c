/** A thread that releases large activations, and what travels to it and back. */
import { Worker } from 'node:worker_threads';
import { CutlineError } from '../errors.ts';
import { float32, type Tensor, type Tensors } from '../model/tensor.ts';
import type { Layout, Place } from '../privacy/mechanisms/index.ts';

export interface ReleaseRequest {
  readonly id: number;
  readonly place: Place;
  readonly tensors: readonly PlainTensor[];
}

export interface ReleaseReply {
  readonly id: number;
  readonly tensors?: readonly PlainTensor[];
  readonly problem?: string;
}

interface PlainTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export const plain = (tensors: Tensors): PlainTensor[] =>
  Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    if (!(data instanceof Float32Array)) throw new CutlineError('DEFENSE_DTYPE', { dtype });
    return { name, shape, data };
  });

export const tensorsOf = (list: readonly PlainTensor[]): Tensors =>
  Object.fromEntries(list.map(({ name, shape, data }): [string, Tensor] => [name, float32(data, shape)]));

/** Workers run compiled JavaScript, also where tests run TypeScript. */
const workerFile = new URL(
  './release-worker.js',
  import.meta.url.replace(/\/src\/(device\/[^/]+)\.ts$/, '/dist/$1.js'),
);

export class ReleaseThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(tensors: Tensors): void; reject(error: unknown): void }>();
  #next = 0;

  constructor(spec: string, layout: Layout) {
    this.#worker = new Worker(workerFile, { workerData: { spec, layout } });
    this.#worker.on('message', ({ id, tensors, problem }: ReleaseReply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (tensors) waiting?.resolve(tensorsOf(tensors));
      else waiting?.reject(new Error(`the release thread failed: ${problem}`));
    });
    const fail = (error: unknown) => {
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    };
    this.#worker.on('error', fail);
    this.#worker.on('exit', (code) => fail(new Error(`the release thread ended with ${code}`)));
    // Nobody waits for a thread that waits for work.
    this.#worker.unref();
  }

  release(place: Place, tensors: Tensors): Promise<Tensors> {
    const id = this.#next++;
    return new Promise<Tensors>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ id, place, tensors: plain(tensors) } satisfies ReleaseRequest);
    }).finally(() => {
      if (this.#waiting.size === 0) this.#worker.unref();
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
