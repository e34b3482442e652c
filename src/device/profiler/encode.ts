/** How fast this machine encodes activations with each codec: what a tensor takes however small it is, and its elements. */
import { createCodec } from '../../broker/index.ts';
import { carriesCodes, carriesPictures } from '../../codecs.ts';
import { quantile } from '../../numeric/index.ts';
import { codecs } from '../../plan/index.ts';
import type { Profile } from '../../profile/index.ts';
import { createRandom } from '../../random.ts';
import { round } from './round.ts';
import { speedOf } from './speed.ts';

/** As many channels as most activations, and as few elements as the smallest. */
const [large, small] = [
  [1, 64, 32, 32],
  [1, 64, 1, 1],
];
const repeats = 40;
/** The first are compiled. */
const warmUps = 5;

/** On what a ReLU leaves of normal values: half zeros, so deflate meets what it will meet. Codes are of four levels. */
export async function measureEncode(): Promise<NonNullable<Profile['encode']>> {
  const speeds: NonNullable<Profile['encode']> = {};
  // Pictures are encoded at cut input alone, and no activation is one: what they take is modelled.
  for (const name of codecs.filter((c) => !carriesPictures(c))) {
    const some = await timesOf(name, small!);
    const many = await timesOf(name, large!);
    const fixed = quantile(some, 0.5);
    const bytes = 4 * elementsOf(large!);
    // What the fixed part leaves is the elements'.
    const own = many.map((ms) => Math.max(ms - fixed, ms / 10));
    const at = (p: number) => round(quantile(some, p));
    const spread = { p10: at(0.1), p90: at(0.9), p95: at(0.95), n: some.length };
    const fixedMs = { value: round(fixed), unit: 'ms' as const, source: 'measured' as const, spread };
    speeds[name] = { ...speedOf(bytes, own), unit: 'B/s', fixedMs };
  }
  return speeds;
}

const elementsOf = (shape: readonly number[]): number => shape.reduce((a, d) => a * d, 1);

async function timesOf(name: (typeof codecs)[number], shape: readonly number[]): Promise<number[]> {
  const normal = createRandom(1).fillNormal(new Float32Array(elementsOf(shape)));
  const data = carriesCodes(name)
    ? normal.map((v) => Math.floor(2 * Math.tanh(v)) / 2 + 0.25)
    : normal.map((v) => Math.max(0, v));
  const codec = createCodec(name);
  const times: number[] = [];
  for (let i = 0; i < warmUps + repeats; i++) {
    const startedMs = performance.now();
    await codec.encode('activation', { dtype: 'float32', shape, data });
    if (i >= warmUps) times.push(performance.now() - startedMs);
  }
  return times;
}
