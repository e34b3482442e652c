/**
 * The decoder that learns along: it makes pictures of codes as well as it can, and the encoder learns to give it nothing (Li et
 * al. 2022, ResSFL). It is small and of another kind than those that judge afterwards.
 */
import type { Expressions, Term } from '../../autodiff/index.ts';
import { int64, sizeOf } from '../../model/index.ts';
import type { Layers } from '../layers.ts';
import { type Extent, structuralSimilarity } from '../similarity.ts';

const [width, inner] = [64, 32];
/** Most weights of the layer that lets every element of the code speak everywhere. */
const mostWeights = 2e6;
const gainOfRelu = Math.sqrt(6);

/** Weights that are written once, and may be applied to any number of codes. */
export class Apprentice {
  readonly #layers: Layers;
  readonly #picture: Extent;
  readonly #rows: number;
  readonly #columns: number;
  readonly #planes: number;

  /** @param shape of a code, without the batch */
  constructor(layers: Layers, shape: readonly number[], picture: Extent) {
    this.#layers = layers;
    this.#picture = picture;
    this.#rows = Math.ceil(picture.height / 4);
    this.#columns = Math.ceil(picture.width / 4);
    const [size, area] = [sizeOf(shape), this.#rows * this.#columns];
    this.#planes = Math.max(2, Math.min(inner, Math.floor(mostWeights / (size * area))));
    this.#weights('spread', [this.#planes * area, size], size, Math.sqrt(3));
    this.#conv('first', this.#planes, width, gainOfRelu);
    this.#conv('second', width, 4 * inner, gainOfRelu);
    this.#conv('third', inner, 4 * picture.channels, 1);
  }

  /** @returns pixels in (0, 1): [batch, channels, height, width] */
  see(codes: Term): Term {
    const b = this.#layers.graph;
    const ints = (dims: readonly number[]) => b.initializer(int64(dims, [dims.length]));
    const weights = (name: string) => [`adversary.${name}.weight`, `adversary.${name}.bias`];
    const conv = (name: string, x: Term) =>
      b.op('Conv', [x, ...weights(name)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    const finer = (x: Term) => b.op('DepthToSpace', [x], { blocksize: 2, mode: 'CRD' });
    const relu = (x: Term) => b.op('Relu', [x]);
    const { height, width: across } = this.#picture;
    const flat = b.op('Flatten', [codes], { axis: 1 });
    const spread = b.op('Gemm', [flat, ...weights('spread')], { transB: 1 });
    const map = b.op('Reshape', [spread, ints([0, this.#planes, this.#rows, this.#columns])]);
    const middle = relu(finer(conv('second', relu(conv('first', map)))));
    const fine = finer(conv('third', middle));
    const isWhole = 4 * this.#rows === height && 4 * this.#columns === across;
    const fitted = isWhole ? fine : b.op('Slice', [fine, ints([0, 0]), ints([height, across]), ints([2, 3])]);
    return b.op('Sigmoid', [fitted]);
  }

  #conv(name: string, inputs: number, outputs: number, gain: number): void {
    this.#weights(name, [outputs, inputs, 3, 3], inputs * 9, gain);
  }

  #weights(name: string, shape: readonly number[], fanIn: number, gain: number): void {
    this.#layers.weight(`adversary.${name}.weight`, shape, fanIn, gain);
    this.#layers.weight(`adversary.${name}.bias`, [shape[0]!], fanIn);
  }
}

/** Of the squared error beside 1 − SSIM, so that both weigh alike where decoders see something. */
const errorWeight = 5;

/** What the adversary makes small, [batch]: 1 − SSIM, and squared differences of pixels. */
export function adversaryLoss(
  g: Expressions,
  seen: Term,
  truth: Term,
  batch: number,
  picture: Extent,
): { readonly loss: Term; readonly similarity: Term } {
  const similarity = structuralSimilarity(g, seen, truth, batch, picture);
  const pixels = picture.channels * picture.height * picture.width;
  const error = g.mul(g.sum(g.square(g.sub(seen, truth)), [1, 2, 3]), errorWeight / pixels);
  return { loss: g.add(g.sub(1, similarity), error), similarity };
}
