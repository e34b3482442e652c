/** What a cut gives away before anybody attacks it, on pictures of the test split. */
import { type Dataset, type Pixels, preprocess, unitPixels, victims } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { asFloat32, cost, inferShapes, sizeOf, type Tensors } from '../../model/index.ts';
import { codeGrid } from '../../numeric/index.ts';
import type { Random } from '../../random.ts';
import { type Dfil, dfil, distances, inputNoiseDfil, squaredJacobian } from '../exposure/index.ts';
import { compileMechanism, defendedHead, type Mechanism } from '../mechanisms/index.ts';
import { type DistanceCorrelation, distanceCorrelation, minimumPictures, type Rows } from '../metrics/index.ts';
import type { Device } from './device.ts';
import type { Omitted } from './features.ts';
import type { Subject } from './subject.ts';

/** Facts of a (cut, defense), whatever the attack. */
export interface Exposure {
  readonly cut: string;
  readonly defense: string;
  /** Between the pictures and what the cloud sees of them. */
  readonly distanceCorrelation?: DistanceCorrelation;
  /** Only where there is noise. */
  readonly dfil?: Dfil;
  /**
   * Bits of a message where what was sent is discrete: a code (numeric/code.ts), or what a mechanism has rounded. Nobody learns more from
   * it. Absent where it is not.
   */
  readonly bitsCap?: number;
  readonly omitted?: readonly Omitted[];
}

/** Pictures for distance correlation: the estimate is steady, and its n² distances are nothing. */
const mostPictures = 500;
/** Fewer say little; a wide or deep cut goes down to this before the budgets below are exceeded. */
const leastPictures = 32;
/** By which a code is told: its levels are in every element. */
const codedPictures = 25;
/** Of a table of activations: 256 MB. */
const mostElements = 2 ** 26;
/** Of head runs, for each of the two measures: some seconds. */
const mostMacs = 5e11;
/** For dFIL: traces of different pictures differ by less than a factor of a few. */
const dfilPictures = { least: 8, most: 32 };
const probes = 8;
/** For gradient graphs, which keep every activation of the head. */
const gradientBytes = 2 ** 28;

export class ExposureMeter {
  readonly #engine: Engine;
  readonly #subject: Subject;
  readonly #data: Dataset;
  #pixels: Promise<Pixels> | undefined;
  #pictureDistances: Promise<Float64Array> | undefined;

  constructor(engine: Engine, subject: Subject, data: Dataset) {
    this.#engine = engine;
    this.#subject = subject;
    this.#data = data;
  }

  async measure(device: Device, random: Random, signal?: AbortSignal): Promise<Exposure> {
    const omitted: Omitted[] = [];
    const leave = (metric: string, reason: string): undefined => void omitted.push({ metric, reason });
    const correlation = await this.#correlation(device, random, leave, signal);
    const information = await this.#information(device, random, leave, signal);
    const bitsCap = await this.#cap(device, random, signal);
    return {
      cut: device.cut.id,
      defense: device.view.mechanism.spec,
      ...(bitsCap !== null && { bitsCap }),
      ...(correlation && { distanceCorrelation: correlation }),
      ...(information && { dfil: information }),
      ...(omitted.length > 0 && { omitted }),
    };
  }

  async #cap(device: Device, random: Random, signal?: AbortSignal): Promise<number | null> {
    const { mechanism } = device.view;
    if (mechanism.kept === undefined) return mechanism.bitsCap;
    const pixels = await this.#pictures(signal);
    const n = Math.min(pixels.count, codedPictures);
    const inputs = preprocess(firstOf(pixels, n), this.#subject.preprocessing);
    const seen = await device.observe(inputs, (row) => random.fork('code').fork(row), signal);
    const bits = Object.values(seen).map((tensor, i) => {
      const grid = codeGrid(asFloat32(tensor), n);
      return 'bits' in grid ? grid.bits * mechanism.kept![i]! : undefined;
    });
    // A mechanism that keeps values has no cap of its own.
    return bits.every((b) => b !== undefined) ? bits.reduce((a, b) => a + b, 0) : null;
  }

  async #correlation(
    device: Device,
    random: Random,
    leave: (metric: string, reason: string) => undefined,
    signal?: AbortSignal,
  ): Promise<DistanceCorrelation | undefined> {
    const pixels = await this.#pictures(signal);
    if (pixels.count < minimumPictures) {
      return leave('distanceCorrelation', `it needs ${minimumPictures} pictures, the test split has ${pixels.count}`);
    }
    const { cut } = device;
    const length = cut.tensors.reduce((sum, t) => sum + sizeOf(t.shape as number[]), 0);
    const affordable = Math.min(mostElements / length, mostMacs / Math.max(cut.headMacs, 1));
    const n = Math.min(pixels.count, Math.max(leastPictures, Math.floor(affordable)));
    const inputs = preprocess(firstOf(pixels, n), this.#subject.preprocessing);
    const fresh = random.fork('exposure');
    const seen = await device.observe(inputs, (row) => fresh.fork(row), signal);
    this.#pictureDistances ??= distances(this.#engine, rowsOf(unitPixels(pixels), pixels.count), signal);
    const pictures = corner(await this.#pictureDistances, pixels.count, n);
    return distanceCorrelation(pictures, await distances(this.#engine, joined(seen, n), signal));
  }

  async #information(
    device: Device,
    random: Random,
    leave: (metric: string, reason: string) => undefined,
    signal?: AbortSignal,
  ): Promise<Dfil | undefined> {
    const { cut } = device;
    const { preprocessing } = this.#subject;
    const [first] = noiseOf(device.view.mechanism);
    if (!first) return undefined;
    const { law, place, before } = first;
    const pixels = await this.#pictures(signal);
    if (place === 'input') return inputNoiseDfil(law, preprocessing, pixels.count);
    const { least, most } = dfilPictures;
    const affordable = Math.floor(mostMacs / (3 * probes * Math.max(cut.headMacs, 1)));
    const n = Math.min(pixels.count, most, Math.max(least, affordable));
    const { head } = await this.#subject.parts(cut, 1);
    const bytes = cost(head).nodes.reduce((sum, node) => sum + node.activationBytes, 0);
    const jacobian = await squaredJacobian({
      engine: this.#engine,
      head: async (count) => {
        const { head } = await this.#subject.parts(cut, count);
        return before.stages.length === 0 ? head : inferShapes(defendedHead(head, before).graph, this.#engine);
      },
      inputs: preprocess(firstOf(pixels, n), preprocessing),
      preprocessing,
      probes,
      chunk: Math.max(1, Math.min(16, Math.floor(gradientBytes / Math.max(bytes, 1)))),
      random: random.fork('dfil'),
      signal,
    });
    const singular = jacobian.traces.filter((trace) => !Number.isFinite(trace)).length;
    if (singular > 0)
      return leave('dfil', `the slope of the activation is no finite number at ${singular} of ${n} pictures`);
    const { channels, height, width } = preprocessing;
    const found = dfil(jacobian, law, channels * height * width, random.fork('dfil interval'));
    return found ?? leave('dfil', 'the activation does not change with the picture');
  }

  /** The same for every cut and defense, read once. */
  #pictures(signal?: AbortSignal): Promise<Pixels> {
    const { test, channels, height, width } = this.#data;
    const affordable = Math.max(leastPictures, Math.floor(mostElements / (channels * height * width)));
    const count = Math.min(test.count, mostPictures, affordable);
    this.#pixels ??= test.pixels(victims(test, count), signal);
    return this.#pixels;
  }
}

function firstOf(pixels: Pixels, n: number): Pixels {
  return { ...pixels, count: n, data: pixels.data.subarray(0, (pixels.data.length / pixels.count) * n) };
}

const rowsOf = (data: Float32Array, count: number): Rows => ({ count, length: data.length / count, data });

/** All tensors of a cut side by side. */
function joined(seen: Tensors, count: number): Rows {
  const parts = Object.values(seen).map((t) => rowsOf(asFloat32(t), count));
  const length = parts.reduce((sum, p) => sum + p.length, 0);
  const data = new Float32Array(count * length);
  let column = 0;
  for (const part of parts) {
    for (let i = 0; i < count; i++) {
      data.set(part.data.subarray(i * part.length, (i + 1) * part.length), i * length + column);
    }
    column += part.length;
  }
  return { count, length, data };
}

/** Distances of the first n pictures. */
function corner(matrix: Float64Array, size: number, n: number): Float64Array {
  if (n === size) return matrix;
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out.set(matrix.subarray(i * size, i * size + n), i * n);
  return out;
}

/** Stages of additive noise, with what is deterministic before them: a bound holds for the first, and what follows adds nothing. */
function noiseOf(mechanism: Mechanism) {
  const at = mechanism.stages.findIndex((s) => s.stage.law.kind !== 'deterministic');
  const random = mechanism.stages[at];
  if (random?.stage.law.kind !== 'additive') return [];
  const before: Mechanism = { ...compileMechanism('none'), stages: mechanism.stages.slice(0, at) };
  return [{ law: random.stage.law, place: random.place, before }];
}
