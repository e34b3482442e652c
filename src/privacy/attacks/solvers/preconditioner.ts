/**
 * The diagonal of a quadratic's curvature, estimated: the mean of v∘Hv over vectors v of random signs (Bekas, Kokiopoulou and
 * Saad 2007). A convolution is nearly diagonal in waves, and neighbouring waves pass it alike, so that a mean over neighbours
 * takes the place of most vectors: two do, as good as sixty without it.
 */
import { createRandom } from '../../../random.ts';

/** Coordinates of a descent that are waves of the cosine transform, planes after each other. */
export interface Waves {
  readonly planes: number;
  readonly height: number;
  readonly width: number;
}

type Curvature<Yield, Return> = (direction: Float64Array) => Generator<Yield, Float64Array | undefined, Return>;

const probes = 2;
/** Of the mean: what hardly bends at all is not known to hardly bend. */
const least = 1e-2;

/**
 * @param curvature H·direction, or undefined
 * @returns positive, [planes × height × width]; undefined where the curvature is
 */
export function* diagonal<Yield, Return>(
  size: number,
  waves: Waves,
  curvature: Curvature<Yield, Return>,
): Generator<Yield, Float64Array | undefined, Return> {
  const sum = new Float64Array(size);
  for (let k = 0; k < probes; k++) {
    const signs = signsOf(size, k);
    const bent = yield* curvature(signs);
    if (!bent) return undefined;
    for (let i = 0; i < size; i++) sum[i] = sum[i]! + (signs[i]! * bent[i]!) / probes;
  }
  const smooth = overNeighbours(sum, waves);
  const mean = smooth.reduce((a, v) => a + Math.abs(v), 0) / size;
  // Without any curvature there is nothing to divide by.
  return smooth.map((v) => Math.max(v, 0) + least * mean || 1);
}

const drawn = new Map<string, Float64Array>();

/** The same for every picture, whoever is beside it. */
function signsOf(size: number, k: number): Float64Array {
  const key = `${size} ${k}`;
  const known = drawn.get(key);
  if (known) return known;
  const random = createRandom(1).fork('signs').fork(k);
  const signs = Float64Array.from({ length: size }, () => (random.uniform() < 0.5 ? -1 : 1));
  // A network's input has one size; what others left is dropped.
  if (drawn.size >= 2 * probes) drawn.clear();
  drawn.set(key, signs);
  return signs;
}

/** The mean over each wave and those beside it. */
function overNeighbours(values: Float64Array, { planes, height, width }: Waves): Float64Array {
  const out = new Float64Array(values.length);
  for (let p = 0; p < planes; p++) {
    for (let u = 0; u < height; u++) {
      for (let v = 0; v < width; v++) {
        let sum = 0;
        let count = 0;
        for (let a = Math.max(0, u - 1); a <= Math.min(height - 1, u + 1); a++) {
          for (let b = Math.max(0, v - 1); b <= Math.min(width - 1, v + 1); b++) {
            sum += values[(p * height + a) * width + b]!;
            count++;
          }
        }
        out[(p * height + u) * width + v] = sum / count;
      }
    }
  }
  return out;
}
