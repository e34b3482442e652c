/** Heads before anything is sent: each runs, so that none is slow at its first picture, and is timed while nothing else is going on. */
import { inputShape, type Preprocessing } from '../../data/index.ts';
import { float32, sizeOf } from '../../model/index.ts';
import type { Route } from '../route.ts';

const [MOST_RUNS, MOST_MS] = [4, 200];

/** Milliseconds of one head with its defence: the least of a few runs, the first of which does not count. @throws CutlineError ENGINE_* */
export async function warmUp({ head }: Pick<Route, 'head'>, preprocessing: Preprocessing): Promise<number> {
  const shape = inputShape(1, preprocessing);
  const blank = float32(new Float32Array(sizeOf(shape)), shape);
  await head.run(blank);
  let least = Number.POSITIVE_INFINITY;
  const beginMs = performance.now();
  for (let run = 0; run < MOST_RUNS && (run === 0 || performance.now() - beginMs < MOST_MS); run++) {
    const startMs = performance.now();
    await head.run(blank);
    least = Math.min(least, performance.now() - startMs);
  }
  return least;
}
