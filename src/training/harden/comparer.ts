/**
 * Somebody who learns along to find pictures again by their codes, without making pictures of them: what a code and a picture are
 * turned into agrees for the two of one scene, and for no others (contrastive: van den Oord et al. 2018, InfoNCE).
 */
import type { Expressions, Term } from '../../autodiff/index.ts';
import { sizeOf } from '../../model/index.ts';
import type { Layers } from '../layers.ts';
import type { Extent } from '../similarity.ts';

/** Of what is compared, and of the layers before. */
const [shared, inner, planes] = [48, 192, 32];
/** Of cosines, before they are told apart. */
const sharpness = 12;
const gainOfRelu = Math.sqrt(6);

export class Comparer {
  readonly #layers: Layers;

  /** @param shape of a code, without the batch */
  constructor(layers: Layers, shape: readonly number[], picture: Extent) {
    this.#layers = layers;
    this.#weights('code.first', [inner, sizeOf(shape)], sizeOf(shape), gainOfRelu);
    this.#weights('code.last', [shared, inner], inner, 1);
    let [channels, height, width] = [picture.channels, picture.height, picture.width];
    for (const name of ['first', 'second', 'third']) {
      this.#weights(`picture.${name}`, [planes, channels, 3, 3], 9 * channels, gainOfRelu);
      [channels, height, width] = [planes, Math.ceil(height / 2), Math.ceil(width / 2)];
    }
    this.#weights('picture.last', [shared, channels * height * width], channels * height * width, 1);
  }

  /**
   * @param codes [n, …], @param pictures in [0, 1]: [n, channels, height, width]
   * @returns cross-entropy of finding each picture among those of the batch by its code, [n]; log n for who sees nothing
   */
  loss(g: Expressions, codes: Term, pictures: Term, n: number): Term {
    const b = this.#layers.graph;
    const weights = (name: string) => [`adversary.compare.${name}.weight`, `adversary.compare.${name}.bias`];
    const linear = (name: string, x: Term) =>
      b.op('Gemm', [b.op('Flatten', [x], { axis: 1 }), ...weights(name)], { transB: 1 });
    const unit = (x: Term) => g.div(x, g.sqrt(g.add(g.sum(g.square(x), [1], true), 1e-6)));
    const ofCodes = unit(linear('code.last', b.op('Relu', [linear('code.first', codes)])));
    let x = g.sub(g.mul(pictures, 2), 1);
    for (const name of ['first', 'second', 'third']) {
      x = b.op('Relu', [
        b.op('Conv', [x, ...weights(`picture.${name}`)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] }),
      ]);
    }
    const ofPictures = unit(linear('picture.last', x));
    return foundAgain(g, g.mul(g.matmul(ofCodes, g.transpose(ofPictures, [1, 0])), sharpness), n);
  }

  #weights(name: string, shape: readonly number[], fanIn: number, gain: number): void {
    this.#layers.weight(`adversary.compare.${name}.weight`, shape, fanIn, gain);
    this.#layers.weight(`adversary.compare.${name}.bias`, [shape[0]!], fanIn);
  }
}

/** @param scores of each row with each of as many, [n, n]; its own is the one with its number. @returns cross-entropy, [n] */
export function foundAgain(g: Expressions, scores: Term, n: number): Term {
  const identity = g.tensor({
    dtype: 'float32',
    shape: [n, n],
    data: Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
  });
  const logs = g.graph.op('LogSoftmax', [scores], { axis: -1 });
  return g.neg(g.sum(g.mul(logs, identity), [1]));
}
