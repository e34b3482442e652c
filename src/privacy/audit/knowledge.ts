/** What each threat grants an attacker of one device: the contexts of its attacks. */
import { type Dataset, preprocess } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import { foldConstants, split, type Tensor, type Tensors } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import {
  type AnswerContext,
  type Attack,
  type AttackContext,
  type AttackerData,
  type BlackBoxContext,
  type KnownStructure,
  type QueryFreeContext,
  type Reconstruction,
  relaxedHead,
  type Traffic,
  type WhiteBoxContext,
} from '../attacks/index.ts';
import { isRandom, seededNoise } from '../mechanisms/index.ts';
import { answersTo } from './answers.ts';
import { type AttackerPictures, attackerPictures } from './attacker-pictures.ts';
import { differentiableHead, drawsOfMean } from './defended-head.ts';
import type { Device } from './device.ts';
import { structureOf } from './structure.ts';
import type { Subject } from './subject.ts';

export interface Ground {
  readonly engine: Engine;
  readonly subject: Subject;
  readonly data: Dataset;
  readonly device: Device;
  /** What the attacker takes the device for; left out, for what it is. An attacker who knows no mechanism proves nothing. */
  readonly believed?: Device | undefined;
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

/** Activations of unknown pictures that a query-free attacker has gathered. */
const mostTraffic = 1000;

/** Releases of a picture that a decoder learns from in turn, or as many as it takes until they average to so many. */
const mostReleases = 8;

/** The type of the attack decides what it is told. */
export async function mount(attack: Attack, ground: Ground): Promise<Reconstruction> {
  switch (attack.threat) {
    case 'white-box':
      return attack.run(whiteBox(ground));
    case 'black-box':
      return attack.run(blackBox(ground));
    case 'query-free':
      return attack.run(queryFree(ground));
    case 'answer-only':
      return attack.run(await answerOnly(ground));
    default:
      return attack satisfies never;
  }
}

function everyAttacker({
  engine,
  subject,
  device,
  believed = device,
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
    view: believed.view,
    memoryBytes,
    random,
    signal,
    onProgress,
  };
}

export function blackBox(ground: Ground): BlackBoxContext {
  const { subject, device, believed = device, signal } = ground;
  const own = ground.random.fork('queries');
  return {
    ...everyAttacker(ground),
    ...knownStructure(ground),
    available: (kind) => picturesOf(ground, kind).count - keptAside(ground, kind),
    async pairs(count, data) {
      const pictures = enough(ground, data, count);
      const { mechanism, observations } = believed.view;
      return {
        count,
        releases: isRandom(mechanism) ? Math.max(1, Math.floor(mostReleases / observations)) : 1,
        async rows(indices, again = 0) {
          const list = Array.from(indices);
          const inputs = preprocess(await pictures.pixels(list, signal), subject.preprocessing);
          const randomOf = (row: number) => {
            const first = own.fork(`${data} ${list[row]}`);
            return again === 0 ? first : first.fork(`again ${again}`);
          };
          return { inputs, features: await believed.observe(inputs, randomOf, signal) };
        },
      };
    },
  };
}

export function whiteBox(ground: Ground): WhiteBoxContext {
  const { engine, subject, device, believed = device, signal } = ground;
  const own = picturesOf(ground, 'same-set');
  const pictures = async (first: number, count: number): Promise<Tensor> => {
    enough(ground, 'same-set', first + count);
    // From the end: decoders are trained from the beginning, and pictures they know would flatter them.
    const indices = Array.from({ length: count }, (_, i) => own.count - 1 - first - i);
    return preprocess(await own.pixels(indices, signal), subject.preprocessing);
  };
  const random = ground.random.fork('simulation');
  return {
    ...blackBox(ground),
    head: async (n, look) => {
      const way = look?.head ?? 'relaxed';
      const parts = await subject.parts(device.cut, way === 'expected' ? n * drawsOfMean : n);
      const head = await relaxedHead(parts.head, way === 'straight' ? 'straight' : 'open', engine);
      const draws = () => seededNoise(ground.random.fork('draws'));
      return differentiableHead(head, believed.view.mechanism, engine, { way, draws });
    },
    examples: {
      count: own.count,
      unlearnt: own.count,
      pictures,
      seen: async (first, count) =>
        believed.observe(await pictures(first, count), (row) => random.fork(first + row), signal),
    },
  };
}

/** Outputs in place of what was sent, of the victims and of the attacker's own pictures alike. */
export async function answerOnly(ground: Ground): Promise<AnswerContext> {
  const { engine, subject, device, signal } = ground;
  const asked = blackBox(ground);
  const answers = (received: Tensors) => answersTo(engine, subject, device.cut, received, signal);
  return {
    ...asked,
    observed: await answers(ground.observed),
    async pairs(count, data) {
      const pairs = await asked.pairs(count, data);
      return {
        count,
        releases: 1,
        async rows(indices) {
          const { inputs, features } = await pairs.rows(indices);
          return { inputs, features: await answers(features) };
        },
      };
    },
  };
}

export function queryFree(ground: Ground): QueryFreeContext {
  const { subject, device, data, signal } = ground;
  const { cut } = device;
  return {
    ...everyAttacker(ground),
    ...knownStructure(ground),
    async tail(n) {
      const problem = await subject.noAnswer(n);
      if (problem) throw new CutlineError('SHADOW_UNFIT', { cut: cut.id, problem });
      return (await subject.parts(cut, n)).tail;
    },
    traffic: trafficOf(ground),
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

function knownStructure({ engine, subject, device: { cut } }: Ground): KnownStructure {
  return {
    // Drawn anew before constants are computed, since those may be made of weights.
    // Nothing that is learnt through rounding has a slope either.
    structure: async (n, random) => {
      const drawn = structureOf(split(await subject.whole(n), cut).head, cut.id, random);
      return relaxedHead(await foldConstants(drawn, engine), 'open', engine);
    },
  };
}

/** Of the pictures that no attacker may own, as they stand in their split: so many whoever of them is a victim. */
function trafficOf({ subject, device, data, reserved, random, signal }: Ground): Traffic {
  const indices = [...reserved].sort((a, b) => a - b).slice(0, mostTraffic);
  const own = random.fork('traffic');
  return {
    count: indices.length,
    async rows(first, count) {
      const part = indices.slice(first, first + count);
      const inputs = preprocess(await data.test.pixels(part, signal), subject.preprocessing);
      return device.observe(inputs, (row) => own.fork(part[row]!), signal);
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
