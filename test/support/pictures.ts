/** Data sets made up on the spot: a soft bright spot on a ring, its place the label. */
import type { Dataset, Pixels, Split } from '../../src/data/index.ts';
import { createRandom } from '../../src/random.ts';

export interface SpotOptions {
  readonly channels?: 1 | 3;
  /** Height and width. Default 28. */
  readonly side?: number;
  readonly train?: number;
  readonly test?: number;
  readonly labelled?: boolean;
  readonly seed?: number;
}

const classes = 10;

/** Bytes of picture `index` of a split: channels × side × side. */
function spot(seed: number, split: string, index: number, label: number, channels: number, side: number): Uint8Array {
  const random = createRandom(seed).fork(split).fork(index);
  const angle = (2 * Math.PI * label) / classes;
  const jitter = () => (random.uniform() - 0.5) * 0.04;
  const [cx, cy] = [0.5 + 0.32 * Math.cos(angle) + jitter(), 0.5 + 0.32 * Math.sin(angle) + jitter()];
  const out = new Uint8Array(channels * side * side);
  for (let c = 0; c < channels; c++) {
    const shade = 150 + random.int(80);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const square = ((x + 0.5) / side - cx) ** 2 + ((y + 0.5) / side - cy) ** 2;
        out[(c * side + y) * side + x] = 20 + shade * Math.exp(-square / 0.012) + random.int(6);
      }
    }
  }
  return out;
}

export function spots(options: SpotOptions = {}): Dataset {
  const { channels = 1, side = 28, train = 200, test = 40, labelled = true, seed = 1 } = options;
  const size = { channels, height: side, width: side } as const;
  const split = (name: string, count: number): Split => {
    const labelOf = (i: number) => createRandom(seed).fork(`${name} label`).fork(i).int(classes);
    const labels = Int32Array.from({ length: count }, (_, i) => labelOf(i));
    return {
      count,
      labels: labelled ? labels : undefined,
      async pixels(indices): Promise<Pixels> {
        const data = new Uint8Array(indices.length * channels * side * side);
        for (const [i, index] of indices.entries()) {
          if (!(index >= 0 && index < count)) throw new RangeError(`picture ${index} of ${count}`);
          data.set(spot(seed, name, index, labels[index]!, channels, side), i * channels * side * side);
        }
        return { ...size, count: indices.length, data };
      },
    };
  };
  return {
    ...size,
    name: 'spots',
    sha256: 'e'.repeat(64),
    classes: labelled ? Array.from({ length: classes }, (_, i) => `at ${i}`) : undefined,
    train: split('train', train),
    test: split('test', test),
  };
}
