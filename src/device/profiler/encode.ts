/** How fast this machine encodes activations with each codec. */
import { createCodec } from '../../broker/index.ts';
import { carriesCodes, carriesPictures } from '../../codecs.ts';
import { median } from '../../numeric/index.ts';
import { codecs } from '../../plan/index.ts';
import type { Profile } from '../../profile/index.ts';
import { createRandom } from '../../random.ts';
import { round } from './compute.ts';

const ELEMENTS = 64 * 32 * 32;
const REPEATS = 9;

/** On what a ReLU leaves of normal values: half zeros, so deflate meets what it will meet. Codes are of four levels. */
export async function measureEncode(): Promise<NonNullable<Profile['encode']>> {
  const normal = createRandom(1).fillNormal(new Float32Array(ELEMENTS));
  const data = normal.map((v) => Math.max(0, v));
  const code = normal.map((v) => Math.floor(2 * Math.tanh(v)) / 2 + 0.25);
  const speeds: NonNullable<Profile['encode']> = {};
  // Pictures are encoded at cut input alone, and no activation is one: what they take is modelled.
  for (const name of codecs.filter((c) => !carriesPictures(c))) {
    const codec = createCodec(name);
    const tensor = { dtype: 'float32', shape: [1, 64, 32, 32], data: carriesCodes(name) ? code : data } as const;
    const times: number[] = [];
    for (let i = 0; i <= REPEATS; i++) {
      const startedMs = performance.now();
      await codec.encode('activation', tensor);
      if (i > 0) times.push(performance.now() - startedMs);
    }
    const bytesPerS = round((1000 * data.byteLength) / median(times));
    speeds[name] = { value: bytesPerS, unit: 'B/s', source: 'measured' };
  }
  return speeds;
}
