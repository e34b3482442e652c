/** How fast this machine releases activations, kind of stage by kind, as the agent does it. */
import { CutlineError } from '../../errors.ts';
import { float32, sizeOf, type Tensors } from '../../model/index.ts';
import { type Layout, timedSpecs, timedStages } from '../../privacy/mechanisms/index.ts';
import type { Profile } from '../../profile/index.ts';
import { createRandom } from '../../random.ts';
import { createDeviceMechanism } from '../release.ts';
import { speedOf } from './speed.ts';

/** As encoding is measured; a picture; and less of exact noise, which takes far longer. */
const shapes = { activation: [64, 32, 32], input: [3, 160, 160], exact: [64, 8, 8] } as const;
/** The first start the thread and are compiled: an agent goes on for days. */
const [warmUps, repeats] = [5, 25];
/** Of one kind: a slow machine repeats less. */
const mostMs = 500;

/** @param signal ends it after the kind under way */
export async function measureMechanisms(signal?: AbortSignal): Promise<NonNullable<Profile['mechanism']>> {
  const speeds: NonNullable<Profile['mechanism']> = {};
  for (const spec of timedSpecs) {
    if (signal?.aborted) throw new CutlineError('CANCELLED');
    // What stands before a stage is there for the stage's sake, and counted with it.
    const { kind, place } = timedStages(spec).at(-1)!;
    const one = shapes[kind.startsWith('exact-') ? 'exact' : place];
    const layout: Layout = { input: one, activation: [{ name: 'activation', shape: one }] };
    const elements = sizeOf(one);
    const mechanism = createDeviceMechanism(spec, layout);
    const times: number[] = [];
    try {
      const began = performance.now();
      for (let i = 0; i < warmUps + repeats; i++) {
        const values = createRandom(i).fillNormal(new Float32Array(elements));
        const tensors: Tensors = { activation: float32(values, [1, ...one]) };
        const startedMs = performance.now();
        await mechanism[place](tensors);
        if (i >= warmUps) times.push(performance.now() - startedMs);
        if (times.length > 0 && performance.now() - began > mostMs) break;
      }
    } finally {
      await mechanism.close();
    }
    speeds[kind] = { ...speedOf(elements, times), unit: 'element/s' };
  }
  return speeds;
}
