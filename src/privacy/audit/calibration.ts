/** Makes a defense absolute: noise that is relative to a cut's activations is measured against those of training pictures. */
import { type Dataset, preprocess } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import type { Cut, Tensor } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import { type Defense, isRelative, parseDefense, resolveDefense, seededNoise } from '../defenses/index.ts';
import { observe } from './device.ts';
import type { Subject } from './subject.ts';

const calibrationPictures = 64;

/** @throws CutlineError DEFENSE_SPEC, DATA_TOO_FEW */
export async function defenseAt(
  spec: string,
  cut: Cut,
  engine: Engine,
  subject: Subject,
  data: Dataset,
  random: Random,
  signal?: AbortSignal,
): Promise<Defense> {
  if (!isRelative(spec)) return parseDefense(spec);
  const inputs = await trainingInputs(subject, data, random.fork('calibration'), signal);
  const seen =
    spec.split(':')[2] === 'input'
      ? { input: inputs }
      : await observe(engine, subject, cut, inputs, parseDefense('none'), seededNoise(random), signal);
  let squares = 0;
  let elements = 0;
  for (const { data: values } of Object.values(seen)) {
    for (const v of values as Float32Array) squares += v * v;
    elements += values.length;
  }
  return resolveDefense(spec, Math.sqrt(squares / elements));
}

async function trainingInputs(
  subject: Subject,
  { train, name }: Dataset,
  random: Random,
  signal?: AbortSignal,
): Promise<Tensor> {
  if (train.count === 0) throw new CutlineError('DATA_TOO_FEW', { name, wanted: 1, found: 0, split: 'training' });
  const indices = random.permutation(train.count).subarray(0, calibrationPictures);
  return preprocess(await train.pixels([...indices], signal), subject.preprocessing);
}
