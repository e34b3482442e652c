/**
 * What cheap attacks find behind a mechanism, so that noise can be made as large as it must be: an audit in small, of training
 * pictures, so that no victim has a say. What it finds is a starting point: more attacks on more pictures may find more.
 */
import type { Dataset, Split } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import type { AttackName } from './attack-list.ts';
import type { AttackSettings } from './attack-settings.ts';
import type { AuditorOptions } from './auditor.ts';
import { isBeyondAttack } from './beyond.ts';
import type { CheapAttacks } from './calibration.ts';
import { workOf } from './mounting.ts';
import type { Subject } from './subject.ts';

/** Mean SSIM of what its attack finds. */
export interface Prober {
  leakage(cut: string, mechanism: string, signal?: AbortSignal): Promise<number>;
}

/** Training pictures that play the victim, and those that the attacker owns. */
const [attacked, owned] = [24, 3000];
/** As `screen` asks for, and shorter. */
const [steps, asked] = [60, 500];
/** Reckoned seconds of a core that rMLE may take for one width, where a decoder takes less. */
const mostSeconds = 120;

/**
 * The same on every machine and in every command: neither seed nor budgets of the audit have a say.
 * @param open an auditor of these pictures with these options
 */
export function leakProbe(
  subject: Subject,
  data: Dataset,
  cache: AuditorOptions['cache'],
  open: (data: Dataset, options: AuditorOptions) => Promise<Prober>,
): (signal?: AbortSignal) => CheapAttacks {
  const own = inTraining(data);
  const settings: AttackSettings = {
    seed: 0,
    rmle: { solver: 'lbfgs', iterations: steps },
    inverseNetwork: { queries: [Math.min(asked, own.train.count)] },
  };
  const probers = new Map<AttackName, Promise<Prober>>();
  const proberOf = (name: AttackName) => {
    const known = probers.get(name) ?? open(own, { ...settings, images: own.test.count, attacks: [name], cache });
    probers.set(name, known);
    return known;
  };
  return (signal) => async (cut, behind) => {
    if (own.test.count < 2) {
      const { name, train } = data;
      throw new CutlineError('DATA_TOO_FEW', { name, wanted: 4, found: train.count, split: 'training' });
    }
    if (behind === 'answer') return (await proberOf('answer')).leakage(cut, 'none', signal);
    const [first, second] = inTurn(subject, own, cut, settings);
    try {
      return await (await proberOf(first)).leakage(cut, behind.mechanism, signal);
    } catch (error) {
      // What cannot be differentiated can be asked.
      if (!isBeyondAttack(error)) throw error;
      return (await proberOf(second)).leakage(cut, behind.mechanism, signal);
    }
  };
}

/** rMLE, which finds more in less time; where its steps are dear, the decoder, if that is cheaper. */
function inTurn(
  subject: Subject,
  { train, test }: Dataset,
  cutId: string,
  settings: AttackSettings,
): readonly [AttackName, AttackName] {
  const { preprocessing } = subject;
  const facts = { cut: subject.cut(cutId), preprocessing, victims: test.count, pictures: train.count };
  const seconds = (name: AttackName) => {
    const { each, once } = workOf(name, facts, settings);
    return each + once;
  };
  const dear = seconds('rmle') > Math.max(mostSeconds, seconds('inverse-network'));
  return dear ? ['inverse-network', 'rmle'] : ['rmle', 'inverse-network'];
}

/** Of the training split the first are attacked, and the attacker owns others. */
function inTraining(data: Dataset): Dataset {
  const { train, sha256 } = data;
  const count = Math.min(attacked, Math.floor(train.count / 2));
  return {
    ...data,
    sha256: `${sha256} training`,
    test: part(train, 0, count),
    train: part(train, count, Math.min(owned, train.count - count)),
  };
}

const part = ({ labels, pixels }: Split, first: number, count: number): Split => ({
  count,
  labels: labels?.subarray(first, first + count),
  pixels: (indices, signal) =>
    pixels(
      indices.map((i) => first + i),
      signal,
    ),
});
