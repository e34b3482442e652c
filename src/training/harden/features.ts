/** What the training reads again and again is computed once: features of the frozen head, answers, pictures. */
import { type Pixels, type Preprocessing, preprocess } from '../../data/index.ts';
import { type Engine, runRows } from '../../engine/index.ts';
import { asFloat32, fromHalves, type Split, sizeOf, type Tensor, toHalves } from '../../model/index.ts';
import type { Extent } from '../similarity.ts';

/** Head and tail for a batch of n, all shapes known. */
export type Divided = (n: number) => Promise<Split>;

/** Rows [n, …] of pictures. */
export interface Known {
  readonly count: number;
  /**
   * What the network reads of them: features of the frozen head, float16 where the values allow it, else float32; or, where the head
   * learns too, uint8 pictures as `Pixels` has them.
   */
  readonly entry: Tensor;
  /** By output of the tail, float32. */
  readonly answers: Readonly<Record<string, Tensor>>;
  /** uint8, at the size at which the adversary works. */
  readonly pictures: Tensor;
  /** Of the source's pictures, where they are used. */
  readonly labels: Int32Array | undefined;
}

export interface Source {
  readonly count: number;
  /** Bytes of some pictures. */
  pixels(indices: readonly number[]): Promise<Pixels>;
  /** One a picture. */
  readonly labels?: Int32Array | undefined;
}

/** What becomes `entry`. */
export type Kept = 'features' | 'pixels';

const chunk = 50;
/** Beyond it a half is infinite. */
const greatestHalf = 65504;

/** What the head makes of some pictures, and what the network answers. */
export async function computed(
  engine: Engine,
  divided: Divided,
  source: Source,
  indices: readonly number[],
  options: {
    readonly preprocessing: Preprocessing;
    /** Changes pictures before they are looked at. Default: as they are. */
    readonly change?: ((pixels: Pixels) => Pixels) | undefined;
    /** Outputs of the tail that are kept. */
    readonly compared: readonly string[];
    readonly picture: Extent;
    readonly keep: Kept;
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((done: number) => void) | undefined;
  },
): Promise<Known> {
  const { preprocessing, change = (pixels) => pixels, compared, picture, keep, signal, onProgress } = options;
  const count = indices.length;
  const n = Math.min(chunk, count);
  const { head, tail } = await divided(n);
  const sessions = [await engine.load(head, signal && { signal }), await engine.load(tail, signal && { signal })];
  const [headSession, tailSession] = sessions as [(typeof sessions)[0], (typeof sessions)[0]];
  const cut = head.outputs[0]!;
  const { channels, height, width } = preprocessing;
  const entry =
    keep === 'features'
      ? new KeptFeatures(count, (cut.shape as number[]).slice(1))
      : new KeptPixels(count, [channels, height, width]);
  const answers = new Map<string, Tensor>();
  const area = picture.channels * picture.height * picture.width;
  const pictures = new Uint8Array(count * area);
  try {
    for (let at = 0; at < count; at += n) {
      const some = indices.slice(at, at + n);
      const pixels = change(await source.pixels(some));
      pictures.set(reduced(pixels, picture), at * area);
      const input = preprocess(pixels, preprocessing);
      const features = (await runRows(headSession, n, { [head.inputs[0]!.name]: input }, signal))[cut.name]!;
      entry.set(at, pixels, features);
      const made = await runRows(tailSession, n, { [cut.name]: features }, signal);
      for (const name of compared) {
        const own = made[name]!;
        const kept = answers.get(name) ?? emptyRows(own, count);
        answers.set(name, kept);
        asFloat32(kept).set(asFloat32(own), (at * asFloat32(own).length) / some.length);
      }
      onProgress?.(Math.min(1, (at + n) / count));
    }
  } finally {
    for (const session of sessions) await session.close();
  }
  return {
    count,
    entry: entry.tensor(),
    answers: Object.fromEntries(answers),
    pictures: { dtype: 'uint8', shape: [count, picture.channels, picture.height, picture.width], data: pictures },
    labels: source.labels && Int32Array.from(indices, (i) => source.labels![i]!),
  };
}

/** Rows are set in order. */
class KeptFeatures {
  readonly #shape: readonly number[];
  readonly #size: number;
  readonly #halves: Uint16Array;
  #whole: Float32Array | undefined;

  constructor(count: number, row: readonly number[]) {
    this.#shape = [count, ...row];
    this.#size = sizeOf(row);
    this.#halves = new Uint16Array(count * this.#size);
  }

  set(at: number, _: Pixels, features: Tensor): void {
    const values = asFloat32(features);
    const start = at * this.#size;
    if (!this.#whole && values.some((v) => Math.abs(v) > greatestHalf)) {
      this.#whole = new Float32Array(this.#halves.length);
      this.#whole.set(fromHalves(this.#halves.subarray(0, start)));
    }
    if (this.#whole) this.#whole.set(values, start);
    else this.#halves.set(toHalves(values), start);
  }

  tensor(): Tensor {
    const shape = this.#shape;
    return this.#whole
      ? { dtype: 'float32', shape, data: this.#whole }
      : { dtype: 'float16', shape, data: this.#halves };
  }
}

class KeptPixels {
  readonly #shape: readonly number[];
  readonly #data: Uint8Array;

  constructor(count: number, row: readonly number[]) {
    this.#shape = [count, ...row];
    this.#data = new Uint8Array(count * sizeOf(row));
  }

  set(at: number, { data, count }: Pixels): void {
    this.#data.set(data, (at * data.length) / count);
  }

  tensor(): Tensor {
    return { dtype: 'uint8', shape: this.#shape, data: this.#data };
  }
}

function emptyRows(like: Tensor, count: number): Tensor {
  const data = new Float32Array((count * asFloat32(like).length) / like.shape[0]!);
  return { dtype: 'float32', shape: [count, ...like.shape.slice(1)], data };
}

/** Means of blocks, where the adversary works on smaller pictures. */
function reduced(pixels: Pixels, to: Extent): Uint8Array {
  const { count, channels, height, width, data } = pixels;
  const by = Math.round(height / to.height);
  if (by <= 1) return data;
  const out = new Uint8Array(count * channels * to.height * to.width);
  let at = 0;
  for (let plane = 0; plane < count * channels; plane++) {
    for (let y = 0; y < to.height; y++) {
      for (let x = 0; x < to.width; x++) {
        let sum = 0;
        for (let dy = 0; dy < by; dy++) {
          const row = plane * height * width + (y * by + dy) * width + x * by;
          for (let dx = 0; dx < by; dx++) sum += data[row + dx]!;
        }
        out[at++] = Math.round(sum / (by * by));
      }
    }
  }
  return out;
}

/** Most rows and columns of the pictures that the adversary makes: finer ones cost much and teach little. */
const mostAcross = 64;

/** The size at which the adversary works: a whole number of times smaller. */
export function pictureFor({ channels, height, width }: Extent): Extent {
  const by = Math.ceil(Math.min(height, width) / mostAcross);
  return { channels, height: Math.floor(height / by), width: Math.floor(width / by) };
}
