/**
 * What a spec leaves open is measured in one place, on the first pictures of the training split: an audit and a plan of the
 * same model and data speak of the same mechanism.
 */
import { type Dataset, preprocess } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import type { Cut } from '../../model/index.ts';
import { createRandom } from '../../random.ts';
import { squaredJacobian } from '../exposure/index.ts';
import {
  compileMechanism,
  isResolved,
  parseSpec,
  resolveSpec,
  type Samples,
  seededNoise,
} from '../mechanisms/index.ts';
import { Device, layoutAt } from './device.ts';
import type { Subject } from './subject.ts';

const pictures = 64;
/** By network and cut. */
const known = new WeakMap<Subject, Map<string, Map<string, number>>>();
/** Mean SSIM of what attacks find at a cut: see `Samples`. */
export type CheapAttacks = (cut: string, ...about: Parameters<Samples['leakage']>) => Promise<number>;
/** The gain of a head differs little between pictures, and each costs some gradients. */
const gainPictures = 8;

/**
 * The canonical spec at this cut, with nothing left open.
 * @param leakage asked where a leak is the target
 * @throws CutlineError DEFENSE_SPEC, DEFENSE_TARGET, ACTIVATION_*
 */
export async function resolvedAt(
  engine: Engine,
  subject: Subject,
  data: Dataset,
  cut: Cut,
  text: string,
  leakage: CheapAttacks,
  signal?: AbortSignal,
): Promise<string> {
  const layout = layoutAt(subject, cut);
  if (isResolved(parseSpec(text))) return compileMechanism(text, layout).spec;
  const { train: split, name } = data;
  if (split.count === 0) throw new CutlineError('DATA_TOO_FEW', { name, wanted: 1, found: 0, split: 'training' });
  const indices = Array.from({ length: Math.min(pictures, split.count) }, (_, i) => i);
  const inputs = preprocess(await split.pixels(indices, signal), subject.preprocessing);
  const random = createRandom(0).fork('calibration');
  const bare = new Device({ engine, subject, cut, mechanism: compileMechanism('none', layout) });
  return resolveSpec(text, {
    layout,
    known: knownAt(subject, cut, data.sha256),
    input: { [subject.input]: inputs },
    head: (input) => bare.observe(input[subject.input]!, () => random, signal),
    draws: (row) => seededNoise(random.fork(row)),
    leakage: (behind) => leakage(cut.id, behind),
    async meanSquaredGain(place) {
      const { preprocessing } = subject;
      const { channels, height, width, std } = preprocessing;
      // In pixels of 0 … 1: the network's input is a pixel over its channel's deviation.
      if (place === 'input') return std.reduce((sum, s) => sum + 1 / s ** 2, 0) / std.length;
      const few = preprocess(await split.pixels(indices.slice(0, gainPictures), signal), preprocessing);
      const { traces } = await squaredJacobian({
        engine,
        head: async (n) => (await subject.parts(cut, n)).head,
        inputs: few,
        preprocessing,
        probes: 8,
        chunk: 1,
        random: random.fork('gain'),
        signal,
      });
      return traces.reduce((a, b) => a + b, 0) / traces.length / (channels * height * width);
    },
  });
}

function knownAt(subject: Subject, cut: Cut, dataSha256: string): Map<string, number> {
  const cuts = known.get(subject) ?? new Map<string, Map<string, number>>();
  known.set(subject, cuts);
  const key = `${dataSha256} ${cut.id}`;
  const here = cuts.get(key) ?? new Map<string, number>();
  cuts.set(key, here);
  return here;
}
