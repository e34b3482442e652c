/** A scene for attacks: a network, a cut, victims and a defense; the truth is kept beside the context, not in it. */
import { expect } from 'vitest';
import type { Dataset, Preprocessing } from '../../../src/data/index.ts';
import { preprocess, toPixels } from '../../../src/data/index.ts';
import type { Engine } from '../../../src/engine/index.ts';
import {
  asFloat32,
  float32,
  type Graph,
  resolveCut,
  sizeOf,
  type Tensor,
  type Tensors,
} from '../../../src/model/index.ts';
import type { Attack, Reconstruction, WhiteBoxContext } from '../../../src/privacy/attacks/attack.ts';
import { Device, layoutAt } from '../../../src/privacy/audit/device.ts';
import { Subject } from '../../../src/privacy/audit/index.ts';
import { type Ground, mount, whiteBox } from '../../../src/privacy/audit/knowledge.ts';
import { compileMechanism } from '../../../src/privacy/mechanisms/index.ts';
import { psnr, ssim } from '../../../src/privacy/metrics/index.ts';
import { createRandom } from '../../../src/random.ts';

export interface SceneOptions {
  readonly engine: Engine;
  /** Symbolic batch. */
  readonly graph: Graph;
  readonly cut: string;
  readonly data: Dataset;
  readonly preprocessing?: Preprocessing;
  /** Indices in the test split. */
  readonly victims: readonly number[];
  readonly defense?: string;
  readonly observations?: number;
  readonly seed?: number;
}

export interface Scene {
  readonly ground: Ground;
  readonly context: WhiteBoxContext;
  /** Runs an attack with what its threat grants. */
  run(attack: Attack, over?: Partial<Ground>): Promise<Reconstruction>;
  /** Network inputs of the victims. */
  readonly truth: Tensor;
  psnrOf(pictures: Tensor): number[];
  ssimOf(pictures: Tensor): number[];
  /**
   * What answers that saw nothing score, dB a victim: the better of the constant picture that suits this very victim best and
   * the mean of the training pictures. What an attack is asked for lies above.
   */
  blind(): Promise<number[]>;
}

export function unitPreprocessing(data: Dataset): Preprocessing {
  const { channels, height, width } = data;
  const each = (value: number) => Array.from({ length: channels }, () => value);
  return { layout: 'NCHW', channels: channels as 1 | 3, height, width, mean: each(0.5), std: each(0.5) };
}

export async function scene(options: SceneOptions): Promise<Scene> {
  const { engine, graph, data, victims, seed = 1 } = options;
  const preprocessing = options.preprocessing ?? unitPreprocessing(data);
  const subject = await Subject.open(engine, graph, preprocessing);
  const cut = resolveCut(subject.cuts, options.cut);
  const mechanism = compileMechanism(options.defense ?? 'none', layoutAt(subject, cut));
  const device = new Device({ engine, subject, cut, mechanism, observations: options.observations });
  const random = createRandom(seed);
  const truth = preprocess(await data.test.pixels(victims), preprocessing);
  const pixels = (t: Tensor) => {
    const { channels, height, width } = preprocessing;
    return { channels, height, width, count: t.shape[0]!, data: toPixels(t, preprocessing) };
  };
  const ground: Ground = {
    engine,
    subject,
    data,
    device,
    observed: await device.observe(truth, (row) => random.fork('device').fork(row)),
    reserved: new Set(victims),
    memoryBytes: 2 ** 31,
    random: random.fork('attack'),
    pictureRandom: random.fork('pictures'),
  };
  return {
    truth,
    ground,
    context: whiteBox(ground),
    run: (attack, over) => mount(attack, { ...ground, ...over }),
    psnrOf: (pictures) => [...psnr(pixels(truth), pixels(pictures))],
    async blind() {
      const train = preprocess(
        await data.train.pixels(Array.from({ length: Math.min(200, data.train.count) }, (_, i) => i)),
        preprocessing,
      );
      const mean = psnr(pixels(truth), pixels(repeated(meanRow(train), truth.shape)));
      const own = psnr(pixels(truth), pixels(flat(truth)));
      return [...own].map((v, i) => Math.max(v, mean[i]!));
    },
    ssimOf: (pictures) => [...ssim(pixels(truth), pixels(pictures))],
  };
}

/** Every victim is seen better than by the best answer that saw nothing, by so many dB. */
export function aboveBlind(scores: readonly number[], blind: readonly number[], gapDb: number): void {
  for (const [i, score] of scores.entries()) expect(score).toBeGreaterThan(blind[i]! + gapDb);
}

function meanRow(t: Tensor): Float32Array {
  const size = sizeOf(t.shape.slice(1));
  const sum = new Float32Array(size);
  for (const [i, v] of asFloat32(t).entries()) sum[i % size]! += v / t.shape[0]!;
  return sum;
}

function repeated(one: Float32Array, shape: readonly number[]): Tensor {
  return float32(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => one[i % one.length]!),
    shape,
  );
}

/** Each picture its own mean, which of all constants is nearest to it. */
function flat(t: Tensor): Tensor {
  const size = sizeOf(t.shape.slice(1));
  const data = asFloat32(t);
  const out = data.map((_, i) => {
    const first = i - (i % size);
    return data.subarray(first, first + size).reduce((a, b) => a + b, 0) / size;
  });
  return float32(out, t.shape);
}

/** Row i of every tensor, as a batch of one. */
export function only(tensors: Tensors, i: number): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, row(t, i)]));
}

export function row(t: Tensor, i: number): Tensor {
  const size = sizeOf(t.shape.slice(1));
  return float32(asFloat32(t).slice(i * size, (i + 1) * size), [1, ...t.shape.slice(1)]);
}
