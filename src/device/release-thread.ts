/** A thread that releases large activations, and what travels to it and back. */
import { CutlineError } from '../errors.ts';
import { float32, type Tensor, type Tensors } from '../model/tensor.ts';
import type { Layout, Place } from '../privacy/mechanisms/index.ts';
import { Thread } from './thread.ts';

export interface ReleaseRequest {
  readonly place: Place;
  readonly tensors: readonly PlainTensor[];
}

export interface PlainTensor {
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

export class ReleaseThread {
  readonly #thread: Thread<ReleaseRequest, readonly PlainTensor[]>;

  constructor(spec: string, layout: Layout) {
    this.#thread = new Thread('release', { spec, layout });
  }

  async release(place: Place, tensors: Tensors): Promise<Tensors> {
    return tensorsOf(await this.#thread.ask({ place, tensors: plain(tensors) }));
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
