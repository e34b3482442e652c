/**
 * The decoder that learns along: it makes pictures of codes as well as it can, and the encoder learns to give it nothing (Li et
 * al. 2022, ResSFL). It is small and of another kind than those that judge afterwards.
 */
import type { Expressions, Term } from '../../autodiff/index.ts';
import { float32, int64, sizeOf, type Tensor } from '../../model/index.ts';
import type { Layers } from '../layers.ts';
import { type Extent, structuralSimilarity } from '../similarity.ts';

const [width, inner] = [64, 32];
/**
 * Most weights of the layer that lets every element of the code speak everywhere. Of a code too large for it each cell speaks in its own
 * place too.
 */
const mostWeights = 2e6;
const gainOfRelu = Math.sqrt(6);

/** Weights that are written once, and may be applied to any number of codes. */
export class Apprentice {
  readonly #layers: Layers;
  readonly #picture: Extent;
  readonly #rows: number;
  readonly #columns: number;
  readonly #planes: number;
  /** Rows and columns of a code that is read in its place as well. */
  readonly #grid: readonly [number, number] | undefined;

  /** @param shape of a code, without the batch */
  constructor(layers: Layers, shape: readonly number[], picture: Extent) {
    this.#layers = layers;
    this.#picture = picture;
    this.#rows = Math.ceil(picture.height / 4);
    this.#columns = Math.ceil(picture.width / 4);
    const [size, area] = [sizeOf(shape), this.#rows * this.#columns];
    this.#planes = Math.max(2, Math.min(inner, Math.floor(mostWeights / (size * area))));
    const [channels, height, across] = shape as [number, number, number];
    const isLocal = this.#planes < inner && shape.length === 3 && height * across > 1;
    this.#grid = isLocal ? [height, across] : undefined;
    if (isLocal) this.#conv('local', channels, inner, gainOfRelu);
    this.#weights('spread', [this.#planes * area, size], size, Math.sqrt(3));
    this.#conv('first', this.#planes + (isLocal ? inner : 0), width, gainOfRelu);
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
    const everywhere = b.op('Reshape', [spread, ints([0, this.#planes, this.#rows, this.#columns])]);
    const map = this.#grid
      ? b.op('Concat', [everywhere, this.#inPlace(relu(conv('local', codes)), this.#grid)], { axis: 1 })
      : everywhere;
    const middle = relu(finer(conv('second', relu(conv('first', map)))));
    const fine = finer(conv('third', middle));
    const isWhole = 4 * this.#rows === height && 4 * this.#columns === across;
    const fitted = isWhole ? fine : b.op('Slice', [fine, ints([0, 0]), ints([height, across]), ints([2, 3])]);
    return b.op('Sigmoid', [fitted]);
  }

  /** A map of the code's grid, stretched or shrunk to that of a quarter of the picture. */
  #inPlace(map: Term, [height, across]: readonly [number, number]): Term {
    const b = this.#layers.graph;
    const down = b.initializer(stretching(this.#rows, height));
    const right = b.op('Transpose', [b.initializer(stretching(this.#columns, across))], { perm: [1, 0] });
    return b.op('MatMul', [b.op('MatMul', [down, map]), right]);
  }

  #conv(name: string, inputs: number, outputs: number, gain: number): void {
    this.#weights(name, [outputs, inputs, 3, 3], inputs * 9, gain);
  }

  #weights(name: string, shape: readonly number[], fanIn: number, gain: number): void {
    this.#layers.weight(`adversary.${name}.weight`, shape, fanIn, gain);
    this.#layers.weight(`adversary.${name}.bias`, [shape[0]!], fanIn);
  }
}

/** [to, from]: each row takes from those beside it, linearly. */
function stretching(to: number, from: number): Tensor {
  const data = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = Math.max(0, Math.min(((i + 0.5) * from) / to - 0.5, from - 1));
    const low = Math.floor(at);
    data[i * from + low]! += 1 - (at - low);
    if (low + 1 < from) data[i * from + low + 1]! += at - low;
  }
  return float32(data, [to, from]);
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
