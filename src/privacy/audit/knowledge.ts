/** What each threat grants an attacker of one cut and defense: the contexts of its attacks. */
import { type Dataset, preprocess } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import { type Cut, foldConstants, split, type Tensor, type Tensors } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import type {
  Attack,
  AttackContext,
  AttackerData,
  BlackBoxContext,
  QueryFreeContext,
  Reconstruction,
  WhiteBoxContext,
} from '../attacks/index.ts';
import { type Defense, seededNoise } from '../defenses/index.ts';
import { type AttackerPictures, attackerPictures } from './attacker-pictures.ts';
import { observe } from './device.ts';
import { structureOf } from './structure.ts';
import type { Subject } from './subject.ts';

export interface Ground {
  readonly engine: Engine;
  readonly subject: Subject;
  readonly data: Dataset;
  readonly cut: Cut;
  readonly defense: Defense;
  readonly observed: Tensors;
  /** Indices of the test split that no attacker may own. */
  readonly reserved: ReadonlySet<number>;
  readonly memoryBytes: number;
  readonly random: Random;
  /** Which pictures an attacker owns is the same for every cut and defense. */
  readonly pictureRandom: Random;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** The type of the attack decides what it is told. */
export function mount(attack: Attack, ground: Ground): Promise<Reconstruction> {
  switch (attack.threat) {
    case 'white-box':
      return attack.run(whiteBox(ground));
    case 'black-box':
      return attack.run(blackBox(ground));
    case 'query-free':
      return attack.run(queryFree(ground));
    default:
      return attack satisfies never;
  }
}

function everyAttacker({
  engine,
  subject,
  defense,
  observed,
  memoryBytes,
  random,
  signal,
  onProgress,
}: Ground): AttackContext {
  return {
    engine,
    preprocessing: subject.preprocessing,
    observed,
    count: Object.values(observed)[0]!.shape[0]!,
    defense: { law: defense.law, where: defense.where },
    memoryBytes,
    random,
    signal,
    onProgress,
  };
}

export function blackBox(ground: Ground): BlackBoxContext {
  const { engine, subject, cut, defense, signal } = ground;
  const own = ground.random.fork('queries');
  return {
    ...everyAttacker(ground),
    available: (kind) => picturesOf(ground, kind).count - keptAside(ground, kind),
    async pairs(count, data) {
      const pictures = enough(ground, data, count);
      return {
        count,
        async rows(indices) {
          const list = Array.from(indices);
          const inputs = preprocess(await pictures.pixels(list, signal), subject.preprocessing);
          // A question has one answer: asked again, the device would draw other noise, and it would be another query.
          const noise = (row: number) => seededNoise(own.fork(`${data} ${list[row]}`));
          return { inputs, features: await observe(engine, subject, cut, inputs, defense, noise, signal) };
        },
      };
    },
  };
}

export function whiteBox(ground: Ground): WhiteBoxContext {
  const { engine, subject, cut, defense, signal } = ground;
  const own = ground.random.fork('simulation');
  return {
    ...blackBox(ground),
    head: async (n) => (await subject.parts(cut, n)).head,
    async otherPictures(count): Promise<Tensor> {
      const pictures = enough(ground, 'same-set', count);
      // From the end: decoders are trained from the beginning, and pictures they know would flatter them.
      const indices = Array.from({ length: count }, (_, i) => pictures.count - 1 - i);
      return preprocess(await pictures.pixels(indices, signal), subject.preprocessing);
    },
    simulate: (inputs) => observe(engine, subject, cut, inputs, defense, (row) => seededNoise(own.fork(row)), signal),
  };
}

export function queryFree(ground: Ground): QueryFreeContext {
  const { engine, subject, cut, data, signal } = ground;
  const fresh = ground.random.fork('structure');
  return {
    ...everyAttacker(ground),
    async tail(n) {
      const problem = await subject.noAnswer(n);
      if (problem) throw new CutlineError('SHADOW_UNFIT', { cut: cut.id, problem });
      return (await subject.parts(cut, n)).tail;
    },
    // Drawn anew before constants are computed, since those may be made of weights.
    structure: async (n) => foldConstants(structureOf(split(await subject.whole(n), cut).head, cut.id, fresh), engine),
    async labelled(kind) {
      const pictures = picturesOf(ground, kind);
      if (!pictures.labels([0])) throw new CutlineError('DATA_UNLABELLED', { name: data.name, kind });
      return {
        count: pictures.count,
        async rows(indices) {
          const list = Array.from(indices);
          return {
            inputs: preprocess(await pictures.pixels(list, signal), subject.preprocessing),
            labels: pictures.labels(list)!,
          };
        },
      };
    },
  };
}

/** What the default number of queries leaves for searches of λ and the like. */
function keptAside(ground: Ground, kind: AttackerData): number {
  return Math.min(32, Math.floor(picturesOf(ground, kind).count / 4));
}

/** Whose pictures they are: drawn once for an attacker, since it asks for them again and again. */
const owned = new WeakMap<Ground, Map<AttackerData, AttackerPictures>>();

function picturesOf(ground: Ground, kind: AttackerData): AttackerPictures {
  const own = owned.get(ground) ?? new Map<AttackerData, AttackerPictures>();
  owned.set(ground, own);
  const { data, reserved, pictureRandom } = ground;
  const pictures = own.get(kind) ?? attackerPictures(data, kind, reserved, pictureRandom.fork(kind));
  own.set(kind, pictures);
  return pictures;
}

function enough(ground: Ground, kind: AttackerData, count: number): AttackerPictures {
  const pictures = picturesOf(ground, kind);
  if (count > pictures.count) {
    const split = kind === 'same-set' ? 'training' : 'test (victims and gallery left out)';
    throw new CutlineError('DATA_TOO_FEW', { name: ground.data.name, wanted: count, found: pictures.count, split });
  }
  return pictures;
}
