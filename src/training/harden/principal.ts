/**
 * Where a code begins: at the principal components of the patches that its elements stand for, the greatest first. What is learnt
 * then starts from the best that is linear, so that few pictures and few steps go further.
 */
import { Expressions } from '../../autodiff/index.ts';
import type { Engine } from '../../engine/index.ts';
import { asFloat32, float32, type Graph, GraphBuilder, sizeOf, type Tensor } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import { hasPatches, patchesOf, patchOf } from './patches.ts';
import type { ChannelScale } from './scale.ts';
import type { CodeShape } from './shape.ts';

/** Of subspace iteration, more than enough for a beginning. */
const iterations = 12;
/** Components that are looked for; elements beyond begin at random, and unheard by the decoder. */
const mostComponents = 128;
/** Values of the patches that are looked at. */
const mostValues = 2 ** 24;
/** A component smaller than this share of the greatest is none. */
const leastShare = 1e-4;

/**
 * @param network with a code, fresh weights
 * @param features rows [n, …activation] of pictures that it learns from
 * @returns the same with the weights of its patches at the principal components; as it is where the code has none
 */
export async function fromPrincipal(
  engine: Engine,
  network: Graph,
  features: Tensor,
  about: {
    readonly code: CodeShape;
    readonly scale: ChannelScale;
    readonly random: Random;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Graph> {
  const { code, scale, random } = about;
  if (!hasPatches(code)) return network;
  const { size } = patchOf(code);
  const patches = patchesOf(firstRows(features, code), code, scale);
  const count = patches.length / size;
  const wanted = Math.min(code.channels, size, count, mostComponents);
  const { directions, deviations } = await components(engine, float32(patches, [count, size]), wanted, about);
  const { stretch, mean } = rounding(code.levels);
  const [encoder, decoder] = [new Float32Array(code.channels * size), new Float32Array(code.channels * size)];
  const limit = stretch / (Math.hypot(...deviations) || Math.sqrt(size));
  random.fork('rest').fillUniform(encoder, -limit, limit);
  // A matrix multiplies from the other side.
  const isMatrix = code.reading.kind === 'list';
  for (let k = 0; k < wanted; k++) {
    const deviation = deviations[k]!;
    if (!(deviation > leastShare * deviations[0]!)) continue;
    for (let i = 0; i < size; i++) {
      const direction = directions[i * wanted + k]!;
      encoder[k * size + i] = (direction * stretch) / deviation;
      decoder[isMatrix ? i * code.channels + k : k * size + i] = direction * deviation * mean;
    }
  }
  const initializers = new Map(network.initializers);
  const put = (name: string, data: Float32Array) =>
    initializers.set(name, float32(data, initializers.get(name)!.shape));
  put('code.encoder.patch.weight', encoder);
  put('code.decoder.patch.weight', decoder);
  return { ...network, initializers };
}

function firstRows(features: Tensor, { activation }: CodeShape): Tensor {
  const size = sizeOf(activation);
  const n = Math.min(features.shape[0]!, Math.max(1, Math.floor(mostValues / size)));
  const data = (features.data as Float32Array | Uint16Array).subarray(0, n * size);
  return { ...features, shape: [n, ...activation], data } as Tensor;
}

/**
 * Orthogonal iteration (Golub and Van Loan 2013, 8.2.4).
 * @returns directions [size, wanted], a column each, and how far patches spread along them
 */
async function components(
  engine: Engine,
  patches: Tensor,
  wanted: number,
  { random, signal }: { readonly random: Random; readonly signal?: AbortSignal | undefined },
): Promise<{ readonly directions: Float32Array; readonly deviations: Float32Array }> {
  const [count, size] = patches.shape as [number, number];
  const session = await engine.load(power(count, size, wanted), signal && { signal });
  try {
    const directions = new Float32Array(size * wanted);
    random.fork('directions').fillUniform(directions, -1, 1);
    orthonormalise(directions, wanted);
    for (let i = 0; ; i++) {
      const made = await session.run(
        { patches, directions: float32(directions, [size, wanted]) },
        signal && { signal },
      );
      const deviations = asFloat32(made.squares!).map((v) => Math.sqrt(v));
      if (i === iterations) return { directions, deviations };
      directions.set(asFloat32(made.next!));
      orthonormalise(directions, wanted);
    }
  } finally {
    await session.close();
  }
}

function power(count: number, size: number, wanted: number): Graph {
  const b = new GraphBuilder(17);
  const g = new Expressions(b);
  const patches = b.input('patches', 'float32', [count, size]);
  const along = g.matmul(patches, b.input('directions', 'float32', [size, wanted]));
  b.op('Identity', [g.mul(g.matmul(g.transpose(patches, [1, 0]), along), 1 / count)], {}, 'next');
  b.output('next', 'float32', [size, wanted]);
  b.op('Identity', [g.mul(g.sum(g.square(along), [0]), 1 / count)], {}, 'squares');
  b.output('squares', 'float32', [wanted]);
  return b.build('principal');
}

/** Columns of [size, wanted], in order, in place (modified Gram–Schmidt). A column that hangs on those before becomes nothing. */
function orthonormalise(columns: Float32Array, wanted: number): void {
  const size = columns.length / wanted;
  const work = Array.from({ length: wanted }, (_, k) =>
    Float64Array.from({ length: size }, (_, i) => columns[i * wanted + k]!),
  );
  work.forEach((column, k) => {
    const before = Math.sqrt(dot(column, column));
    for (const other of work.slice(0, k)) {
      const along = dot(column, other);
      for (let i = 0; i < size; i++) column[i]! -= along * other[i]!;
    }
    const left = Math.sqrt(dot(column, column));
    const scale = left > 1e-6 * before ? 1 / left : 0;
    for (let i = 0; i < size; i++) {
      column[i]! *= scale;
      columns[i * wanted + k] = column[i]!;
    }
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * For a normal variable that is bounded by tanh and rounded to levels.
 * @returns by what it is stretched before, so that the least of it is lost, and by what the level is multiplied afterwards
 */
export function rounding(levels: number): { readonly stretch: number; readonly mean: number } {
  let best = { stretch: 1, mean: 1, kept: -1 };
  for (let stretch = 0.3; stretch < 2; stretch += 0.02) {
    let [both, own] = [0, 0];
    for (let u = -5; u <= 5; u += 0.01) {
      const weight = Math.exp((-u * u) / 2);
      const level = (Math.floor((Math.tanh(stretch * u) * levels) / 2) + 0.5) * (2 / levels);
      both += weight * u * level;
      own += weight * level * level;
    }
    const kept = both ** 2 / own;
    if (kept > best.kept) best = { stretch, mean: both / own, kept };
  }
  return best;
}
