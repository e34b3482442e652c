/** How fast this machine encodes activations with each codec. */
import { createCodec } from '../../broker/index.ts';
import { median } from '../../numeric/index.ts';
import { codecs } from '../../plan/index.ts';
import type { Profile } from '../../profile/index.ts';
import { createRandom } from '../../random.ts';
import { round } from './compute.ts';

const ELEMENTS = 64 * 32 * 32;
const REPEATS = 9;

/** On what a ReLU leaves of normal values: half zeros, so deflate meets what it will meet. */
export async function measureEncode(): Promise<NonNullable<Profile['encode']>> {
  const data = createRandom(1).fillNormal(new Float32Array(ELEMENTS));
  for (let i = 0; i < data.length; i++) data[i] = Math.max(0, data[i]!);
  const tensor = { dtype: 'float32', shape: [1, 64, 32, 32], data } as const;
  const speeds: NonNullable<Profile['encode']> = {};
  for (const name of codecs) {
    const codec = createCodec(name);
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
