/**
 * Normal values by the ziggurat of Marsaglia and Tsang (2000), with 256 layers and 53 bits of magnitude: a coarser uniform
 * would leave gaps near 0 through which low digits of what was defended can be read. Layer and magnitude come from different
 * bits (Doornik 2005). About 1 value in 100 takes a second look, so time says whether some value was rare, not which it was.
 */

const layers = 256;
/** Where the tail begins, and the area of each layer. */
const tail = 3.6541528853610088;
const area = 0.00492867323399;
const two53 = 2 ** 53;

const density = (x: number): number => Math.exp((-x * x) / 2);

/** Right edge of each layer over 2⁵³, and the magnitudes below which a point lies inside for certain. */
const [width, inside, heights] = tables();

function tables(): [Float64Array, Float64Array, Float64Array] {
  const edges = new Float64Array(layers + 1);
  edges[0] = area / density(tail);
  edges[1] = tail;
  for (let i = 2; i < layers; i++) {
    edges[i] = Math.sqrt(-2 * Math.log(area / edges[i - 1]! + density(edges[i - 1]!)));
  }
  edges[layers] = 0;
  return [
    edges.subarray(0, layers).map((x) => x / two53),
    Float64Array.from({ length: layers }, (_, i) => Math.floor((edges[i + 1]! / edges[i]!) * two53)),
    edges.map(density),
  ];
}

/** Random words for `fillNormal`, used up from the front and wiped. */
export interface WordPool {
  readonly words: Uint32Array;
  /** Index of the next word; equal to the length when the pool is empty. */
  at: number;
  refill(): void;
}

/** Fills with independent normal values of standard deviation sigma. @param pool of at least two words, an even number */
export function fillNormal(out: Float32Array, sigma: number, pool: WordPool): void {
  const { words } = pool;
  let at = pool.at;
  for (let i = 0; i < out.length; i++) {
    if (at >= words.length) {
      pool.refill();
      at = 0;
    }
    const first = words[at]!;
    const second = words[at + 1]!;
    words[at] = 0;
    words[at + 1] = 0;
    at += 2;
    const layer = first & 255;
    const magnitude = (first >>> 9) * 0x40000000 + (second >>> 2);
    const x = magnitude * width[layer]!;
    let value = x;
    if (magnitude >= inside[layer]!) {
      pool.at = at;
      value = outside(layer, x, pool);
      at = pool.at;
      if (value < 0) {
        i--;
        continue;
      }
    }
    out[i] = first & 256 ? -sigma * value : sigma * value;
  }
  pool.at = at;
}

/** Beyond the part that is certain: the tail, or a wedge. Negative where the point is thrown away. */
function outside(layer: number, x: number, pool: WordPool): number {
  if (layer > 0) {
    const [upper, lower] = [heights[layer + 1]!, heights[layer]!];
    return lower + uniform(pool) * (upper - lower) < density(x) ? x : -1;
  }
  for (;;) {
    const a = -Math.log(uniform(pool)) / tail;
    const b = -Math.log(uniform(pool));
    if (2 * b >= a * a) return tail + a;
  }
}

/** On (0, 1]: its logarithm is finite. */
export function uniform(pool: WordPool): number {
  if (pool.at >= pool.words.length) {
    pool.refill();
    pool.at = 0;
  }
  const high = pool.words[pool.at]! >>> 5;
  const low = pool.words[pool.at + 1]! >>> 6;
  pool.words[pool.at++] = 0;
  pool.words[pool.at++] = 0;
  return (high * 0x4000000 + low + 1) / two53;
}
