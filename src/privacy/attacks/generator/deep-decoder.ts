/**
 * The deep decoder (Heckel & Hand 2019) as a generator whose code is its weights: a fixed random map is mixed from channel to
 * channel, enlarged, cut at zero and normalised, again and again. With weights as a code, a batch holds a decoder for each
 * victim, and every layer is one batched matrix multiplication.
 */

import { Expressions, type Term } from '../../../autodiff/index.ts';
import type { Preprocessing } from '../../../data/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { float32, type Graph, GraphBuilder, inferShapes } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import type { Generator } from './generator.ts';

export interface DeepDecoderSize {
  /** Channels of every layer. */
  readonly width: number;
  /** How often rows and columns are doubled. */
  readonly doublings: number;
}

export interface DeepDecoder extends Generator {
  /** Weights to begin with. */
  start(random: Random): Float32Array;
}

/** From maps of about four rows; as many weights as pixels or more would fit anything. */
export function deepDecoderSize({ height, width }: Preprocessing): DeepDecoderSize {
  return { width: 32, doublings: Math.max(1, Math.round(Math.log2(Math.min(height, width) / 4))) };
}

const epsilon = 1e-5;

/** @param random of the fixed map */
export function deepDecoder(
  picture: Preprocessing,
  size: DeepDecoderSize,
  random: Random,
  engine: Engine,
): DeepDecoder {
  const { width: k, doublings } = size;
  const { channels } = picture;
  // Each layer: k rows that mix, one of scales, one of shifts. Last: a row of each colour.
  const layers = doublings + 1;
  const rows = layers * (k + 2) + channels;
  const [h0, w0] = [picture.height, picture.width].map((d) => Math.ceil(d / 2 ** doublings)) as [number, number];
  const map = random.fillUniform(new Float32Array(k * h0 * w0), -0.5, 0.5);
  return {
    codeShape: [rows, k],
    graph: (n) => inferShapes(write(n, { picture, k, doublings, rows, h0, w0, map }), engine),
    start(own) {
      const code = own.fillNormal(new Float32Array(rows * k), 1 / Math.sqrt(k));
      for (let l = 0; l < layers; l++) {
        const at = (l * (k + 2) + k) * k;
        code.fill(1, at, at + k);
        code.fill(0, at + k, at + 2 * k);
      }
      return code;
    },
  };
}

interface Plan {
  readonly picture: Preprocessing;
  readonly k: number;
  readonly doublings: number;
  readonly rows: number;
  readonly h0: number;
  readonly w0: number;
  readonly map: Float32Array;
}

function write(n: number, { picture, k, doublings, rows, h0, w0, map }: Plan): Graph {
  const { channels, height, width, mean, std, layout } = picture;
  const g = new Expressions(new GraphBuilder(17));
  const weights = g.graph.input('weights', 'float32', [n, rows, k]);
  const part = (from: number, count: number) => g.slice(weights, [from], [from + count], [1]);
  const column = (row: number) => g.reshape(part(row, 1), [n, k, 1]);
  let [h, w] = [h0, w0];
  let x: Term = g.tensor(float32(map, [1, k, h * w]));
  for (let l = 0; l <= doublings; l++) {
    const own = l * (k + 2);
    x = g.matmul(part(own, k), x);
    if (l < doublings) {
      const scales = g.graph.constant([1, 1, 2, 2]);
      const large = g.graph.op('Resize', [g.reshape(x, [n, k, h, w]), '', scales], {
        mode: 'linear',
        coordinate_transformation_mode: 'half_pixel',
      });
      [h, w] = [2 * h, 2 * w];
      x = g.reshape(large, [n, k, h * w]);
    }
    x = g.graph.op('Relu', [x]);
    const centred = g.sub(x, g.mul(g.sum(x, [2], true), 1 / (h * w)));
    const variance = g.mul(g.sum(g.square(centred), [2], true), 1 / (h * w));
    const normal = g.div(centred, g.sqrt(g.add(variance, epsilon)));
    x = g.add(g.mul(normal, column(own + k)), column(own + k + 1));
  }
  x = g.graph.op('Sigmoid', [g.matmul(part(rows - channels, channels), x)]);
  const [top, left] = [Math.floor((h - height) / 2), Math.floor((w - width) / 2)];
  x = g.slice(g.reshape(x, [n, channels, h, w]), [top, left], [top + height, left + width], [2, 3]);
  // Pixels in [0, 1] to the network's input.
  const each = (value: (c: number) => number) =>
    g.tensor(
      float32(
        Array.from({ length: channels }, (_, c) => value(c)),
        [channels, 1, 1],
      ),
    );
  x = g.add(
    g.mul(
      x,
      each((c) => 1 / std[c]!),
    ),
    each((c) => -mean[c]! / std[c]!),
  );
  if (layout === 'NHWC') x = g.transpose(x, [0, 2, 3, 1]);
  g.graph.output(x, 'float32', layout === 'NCHW' ? [n, channels, height, width] : [n, height, width, channels]);
  return g.graph.build('deep decoder');
}
