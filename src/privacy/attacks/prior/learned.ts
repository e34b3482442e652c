/** A basis learned from pictures: their mean, their colours, and the covariance of pixels or, for large pictures, of waves. */

import { createHash } from 'node:crypto';
import type { Engine } from '../../../engine/index.ts';
import { asFloat32, float32, type Graph, GraphBuilder, type Tensor } from '../../../model/index.ts';
import { cholesky } from '../../../numeric/index.ts';
import { type Basis, cosines, planesFirst } from './basis.ts';
import { eigenvectors } from './eigenvectors.ts';

/** Planes up to this size get the covariance of all their pixels: it knows where in a picture things are. */
const mostPixels = 1024;
/** Added to every variance, as a share of their mean: what no picture has shown is unlikely, not impossible. */
const floor = 1e-3;
/** Pulls covariances towards none, since there are fewer pictures than pixels. */
const shrinkage = 0.02;

/** What was learned last: an attacker learns from the same pictures at every cut. */
let remembered: { readonly digest: string; readonly basis: Promise<Basis> } | undefined;

/** @param pictures network inputs [n, …] */
export function learned(pictures: Tensor, size: Parameters<typeof learn>[1], engine: Engine): Promise<Basis> {
  const { buffer, byteOffset, byteLength } = asFloat32(pictures);
  const digest = createHash('sha256')
    .update(JSON.stringify([pictures.shape, size.layout]))
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
  if (remembered?.digest === digest) return remembered.basis;
  const basis = learn(pictures, size, engine);
  const own = { digest, basis };
  remembered = own;
  // What went wrong once is tried again.
  basis.catch(() => {
    if (remembered === own) remembered = undefined;
  });
  return basis;
}

async function learn(
  pictures: Tensor,
  size: {
    readonly channels: number;
    readonly height: number;
    readonly width: number;
    readonly layout: 'NCHW' | 'NHWC';
  },
  engine: Engine,
): Promise<Basis> {
  const { channels, height, width } = size;
  const n = pictures.shape[0]!;
  const pixels = height * width;
  const data = planesFirst(asFloat32(pictures), n, channels, pixels, size.layout);
  const centre = new Float32Array(channels * pixels);
  for (let i = 0; i < data.length; i++) centre[i % centre.length]! += data[i]! / n;
  for (let i = 0; i < data.length; i++) data[i]! -= centre[i % centre.length]!;
  const colours = eigenvectors(colourCovariance(data, n, channels, pixels), channels);
  const planes = Array.from({ length: channels }, (_, plane) => project(data, n, channels, pixels, colours, plane));
  const common = { name: 'learned', colours, centre } as const;
  if (pixels > mostPixels) {
    const scales = new Float32Array(channels * pixels);
    for (const [k, rows] of planes.entries()) scales.set(await waveScales(engine, rows, n, height, width), k * pixels);
    return { ...common, structure: { kind: 'spectrum' }, scales };
  }
  const factors = new Float32Array(channels * pixels * pixels);
  for (const [k, rows] of planes.entries()) factors.set(factor(rows, n, pixels), k * pixels * pixels);
  const tensor: Tensor = {
    dtype: 'float32',
    shape: [channels, pixels, pixels],
    data: factors,
  };
  return { ...common, structure: { kind: 'covariance', factors: tensor } };
}

function colourCovariance(data: Float32Array, n: number, c: number, pixels: number): Float64Array {
  const covariance = new Float64Array(c * c);
  for (let i = 0; i < n; i++)
    for (let a = 0; a < c; a++)
      for (let b = 0; b < c; b++) {
        const [x, y] = [(i * c + a) * pixels, (i * c + b) * pixels];
        let sum = 0;
        for (let p = 0; p < pixels; p++) sum += data[x + p]! * data[y + p]!;
        covariance[a * c + b]! += sum / (n * pixels);
      }
  return covariance;
}

/** One mixture of the colours, [n, pixels]. */
function project(
  data: Float32Array,
  n: number,
  c: number,
  pixels: number,
  colours: Float32Array,
  plane: number,
): Float32Array {
  const out = new Float32Array(n * pixels);
  for (let i = 0; i < n; i++)
    for (let a = 0; a < c; a++) {
      const share = colours[a * c + plane]!;
      for (let p = 0; p < pixels; p++) out[i * pixels + p]! += share * data[(i * c + a) * pixels + p]!;
    }
  return out;
}

/** Planes transformed at once. */
const chunk = 16;

/** Standard deviation of each wave of the cosine transform. The engine transforms: for large planes it is a thousand times faster. */
async function waveScales(
  engine: Engine,
  rows: Float32Array,
  n: number,
  height: number,
  width: number,
): Promise<Float32Array> {
  const pixels = height * width;
  const power = new Float64Array(pixels);
  const session = await engine.load(powerGraph(Math.min(chunk, n), height, width));
  try {
    for (let first = 0; first < n; first += chunk) {
      // The last are filled up with zeros, which have no power.
      const planes = new Float32Array(Math.min(chunk, n) * pixels);
      planes.set(rows.subarray(first * pixels, Math.min(first + chunk, n) * pixels));
      const out = await session.run({ planes: float32(planes, [Math.min(chunk, n), height, width]) });
      for (const [i, v] of asFloat32(out.power).entries()) power[i]! += v / n;
    }
  } finally {
    await session.close();
  }
  const mean = power.reduce((a, b) => a + b, 0) / pixels;
  return Float32Array.from(power, (v) => Math.sqrt(v + floor * mean));
}

/** Planes [n, height, width] to the sum of the squares of their waves [height, width]. */
function powerGraph(n: number, height: number, width: number): Graph {
  const b = new GraphBuilder(17);
  b.input('planes', 'float32', [n, height, width]);
  const across = b.op('Transpose', [b.initializer(float32(cosines(width), [width, width]))], { perm: [1, 0] });
  const half = b.op('MatMul', ['planes', across]);
  const waves = b.op('MatMul', [b.initializer(float32(cosines(height), [height, height])), half]);
  const squares = b.op('Mul', [waves, waves]);
  b.output(b.op('ReduceSum', [squares, b.constant([0], 'int64')], { keepdims: 0 }, 'power'), 'float32', [
    height,
    width,
  ]);
  return b.build('power');
}

/** Bᵀ with B·Bᵀ the covariance of the pixels: any root will do, since L-BFGS does not mind how z is turned. */
function factor(rows: Float32Array, n: number, pixels: number): Float32Array {
  const covariance = new Float32Array(pixels * pixels);
  for (let i = 0; i < n; i++) {
    const row = rows.subarray(i * pixels, (i + 1) * pixels);
    for (let p = 0; p < pixels; p++) {
      const share = row[p]! / n;
      if (share === 0) continue;
      const target = covariance.subarray(p * pixels, p * pixels + p + 1);
      for (let q = 0; q <= p; q++) target[q]! += share * row[q]!;
    }
  }
  let trace = 0;
  for (let p = 0; p < pixels; p++) trace += covariance[p * pixels + p]!;
  const least = floor * (trace / pixels) + Number.EPSILON;
  for (let p = 0; p < pixels; p++) {
    for (let q = 0; q < p; q++) covariance[p * pixels + q]! *= 1 - shrinkage;
    covariance[p * pixels + p]! += least;
  }
  return transposed(cholesky(covariance, pixels, least / 10), pixels);
}

function transposed(l: Float32Array, n: number): Float32Array {
  const out = new Float32Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) out[j * n + i] = l[i * n + j]!;
  return out;
}
