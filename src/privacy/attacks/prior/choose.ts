/** Chooses what to believe of pictures, and how firmly, by attacking pictures of the attacker's own: many beliefs at once. */
import { asFloat32, float32, meanSquare, rowsOf, sizeOf, type Tensor, type Tensors } from '../../../model/index.ts';
import { type Look, looksOf } from '../../mechanisms/index.ts';
import type { AttackContext, DescentContext } from '../attack.ts';
import { drawnLikeness } from '../likeness.ts';
import type { ObjectiveOptions } from '../objective.ts';
import { looksAtRounding } from '../rounded.ts';
import { solveInChunks } from '../solvers/chunked.ts';
import type { Solution, Solver } from '../solvers/solver.ts';
import { coordinates, type Start } from '../start.ts';
import { type Basis, basisRows } from './basis.ts';
import { learned } from './learned.ts';
import { natural, pixels } from './natural.ts';

export interface Belief {
  readonly basis: Basis;
  /** Weight of mean(z²). */
  readonly lambda: number;
  /** At the mechanism. Default as its law says. */
  readonly look?: Look | undefined;
}

/** A descent with beliefs. */
export interface BelievingDescent {
  readonly context: AttackContext & Pick<DescentContext, 'head'>;
  readonly solver: Solver;
  /** Of a look at the mechanism; undefined as its law says. */
  readonly objective: (look?: Look) => ObjectiveOptions;
  readonly lambdaL2: number;
  /** Most pictures at once. */
  readonly batch: number;
  readonly start: Start;
}

export interface BeliefSearch extends BelievingDescent {
  readonly context: DescentContext;
  /** Of the attack itself. */
  readonly iterations: number;
}

/** λ as multiples of the mean square of the features, since it weighs against their squared error. */
const multiples = [1e-4, 1e-3, 1e-2, 0.1, 1];
/**
 * Two heats: all beliefs on few pictures for few steps, then the best on more for longer, since short descents ask for too much.
 * As many for one victim as for a thousand: how well an attack is tuned must not hang on how many it is judged by.
 */
const heats = [
  { pictures: 3, steps: 50 },
  { beliefs: 4, pictures: 6, steps: 150 },
] as const;
/** Before them a glance: where few steps give the picture away without any belief, there is nothing to choose. */
const glanceSteps = 16;
/** Pictures that the statistics are learned from: as many as there are, within these. */
const [fewestTaught, mostTaught] = [50, 1000];

/** The search in steps of one picture, to weigh it against the attack. */
export function searchSteps(iterations: number, looks = 1): number {
  const [first, second] = heats;
  const heat = (beliefs: number, pictures: number, steps: number) => beliefs * pictures * Math.min(steps, iterations);
  const all = 2 * multiples.length + 1;
  return (
    heat(looks, first.pictures, glanceSteps) +
    heat(looks * all, first.pictures, first.steps) +
    heat(second.beliefs, second.pictures, second.steps)
  );
}

/** The ways in which a descent looks at the mechanism, and at a head that rounds. */
export async function looksAt(context: DescentContext): Promise<readonly Look[]> {
  const looks = looksOf(context.view);
  return context.standIn ? looks.slice(0, 1) : [...looks, ...(await looksAtRounding(context))];
}

export interface TriedBelief {
  readonly belief: Belief;
  /** By how much what comes out is drawn apart (`contrast.ts`). */
  readonly gain: number;
  /** Mean SSIM; where several are all but exact, decibels decide. */
  readonly score: number;
}

/** SSIM 0.999 and 46 dB after a short descent: a first convolution gives the picture away whatever one believes. */
const exact = 1.045;

/** @returns the belief whose reconstructions are most like the pictures (SSIM), and how like they are */
export async function chooseBelief(search: BeliefSearch, onProgress: (done: number) => void): Promise<TriedBelief> {
  const { context, iterations } = search;
  const { preprocessing } = context;
  const [first, second] = heats;
  const looks = await looksAt(context);
  const whole = searchSteps(iterations, looks.length);
  let done = 0;
  const heat = async (beliefs: readonly Belief[], { pictures, seen }: Tried, steps: number) => {
    const taken = Math.min(steps, iterations);
    const share = (beliefs.length * pictures.shape[0]! * taken) / whole;
    const scored = await ranked(search, pictures, seen, beliefs, taken, (d) =>
      onProgress(Math.min(1, done + share * d)),
    );
    done += share;
    return scored;
  };
  const few = await tried(context, first.pictures);
  const nothing = looks.map((look) => ({ basis: pixels(preprocessing), lambda: 0, look }));
  let none: TriedBelief[] = [];
  for (const steps of [glanceSteps, first.steps]) {
    none = await heat(nothing, few, steps);
    if (none[0]!.score < exact) continue;
    onProgress(1);
    return none[0]!;
  }
  const more = await tried(context, second.pictures);
  const lesson = await lessonOf(search, second.pictures);
  const bases = [natural(preprocessing), ...(lesson ? [await learned(lesson, preprocessing, context.engine)] : [])];
  const scale = meanSquare(more.seen);
  const some = await heat(
    looks.flatMap((look) => bases.flatMap((basis) => multiples.map((m) => ({ basis, lambda: m * scale, look })))),
    few,
    first.steps,
  );
  const best = [...none, ...some].sort((x, y) => y.score - x.score).slice(0, second.beliefs);
  const final = await heat(
    best.map((x) => x.belief),
    more,
    second.steps,
  );
  onProgress(1);
  return final[0]!;
}

/** Pictures of the attacker's own, and what the cloud would see of them. */
interface Tried {
  readonly pictures: Tensor;
  readonly seen: Tensors;
}

async function tried({ examples }: DescentContext, count: number): Promise<Tried> {
  return { pictures: await examples.pictures(0, count), seen: await examples.seen(0, count) };
}

/**
 * Pictures whose statistics are to be believed, from `first` on; beside a start that somebody made, by how much it errs.
 * Undefined where there are too few.
 */
async function lessonOf({ context, start }: BeliefSearch, first: number): Promise<Tensor | undefined> {
  const { examples } = context;
  // A start errs less on what its maker has learnt from.
  const most = (typeof start === 'function' ? examples.unlearnt : examples.count) - first;
  const n = Math.min(most, mostTaught);
  if (n < fewestTaught) return undefined;
  const pictures = await examples.pictures(first, n);
  if (typeof start !== 'function') return pictures;
  const made = asFloat32(await start(await examples.seen(first, n)));
  return float32(
    asFloat32(pictures).map((v, i) => v - made[i]!),
    pictures.shape,
  );
}

/** Best first. */
async function ranked(
  search: BeliefSearch,
  pictures: Tensor,
  seen: Tensors,
  beliefs: readonly Belief[],
  steps: number,
  onProgress: (done: number) => void,
): Promise<TriedBelief[]> {
  const each = pictures.shape[0]!;
  const scored: TriedBelief[] = [];
  // A batch has one structure, and one look.
  const kinds = ['spectrum', 'covariance'] as const;
  const looks = [...new Set(beliefs.map((b) => b.look))];
  for (const [look, kind] of looks.flatMap((l) => kinds.map((k) => [l, k] as const))) {
    const group = beliefs.filter((b) => b.look === look && b.basis.structure.kind === kind);
    if (group.length === 0) continue;
    const rows = group.flatMap((b) => Array.from({ length: each }, () => b));
    const before = scored.length;
    const reconstructed = await reconstruct(search, repeated(seen, group.length), rows, steps, 'search', (d) =>
      onProgress((before + group.length * d) / beliefs.length),
    );
    for (const [i, belief] of group.entries()) {
      const { gain, scores } = similarity(search.context, pictures, partOf(reconstructed, i * each, each));
      scored.push({ belief, gain, score: scores.reduce((a, b) => a + b, 0) / each });
    }
  }
  return scored.sort((a, b) => b.score - a.score);
}

/** SSIM of what is drawn apart as suits all best; where several are all but exact, decibels decide. */
function similarity({ preprocessing }: DescentContext, truth: Tensor, found: Pick<Solution, 'pictures' | 'stops'>) {
  const { gain, ssim, psnr } = drawnLikeness(truth, found, preprocessing);
  return { gain, scores: ssim.map((s, i) => s + Math.min(60, psnr[i]!) / 1000) };
}

const partOf = ({ pictures, stops }: Solution, first: number, count: number) => ({
  pictures: rowsOf(pictures, first, count),
  stops: stops.slice(first, first + count),
});

/** Descends from the start for each observation, with a belief of its own; all of one structure and one look. */
export async function reconstruct(
  { context, solver, objective, lambdaL2, batch, start }: BelievingDescent,
  observed: Tensors,
  beliefs: readonly Belief[],
  iterations: number,
  label: string,
  onProgress: (done: number) => void,
): Promise<Solution> {
  const n = beliefs.length;
  const { look } = beliefs[0]!;
  const from = typeof start === 'object' && label === 'search' ? 'grey' : start;
  const { bases, z } = await coordinates(
    from,
    beliefs.map((b) => b.basis),
    observed,
    context,
    label,
  );
  return solveInChunks(
    solver,
    {
      engine: context.engine,
      objective: { ...objective(look), structure: beliefs[0]!.basis.structure },
      observed,
      start: z,
      lambdaTv: new Float32Array(n),
      lambdaL2: new Float32Array(n).fill(lambdaL2),
      basis: {
        rows: basisRows(bases, context.preprocessing),
        lambda: Float32Array.from(beliefs, (b) => b.lambda),
      },
      iterations,
      signal: context.signal,
      onProgress,
    },
    (k) => context.head(k, look),
    batch,
  );
}

/** The batch over and over: [n, …] → [times·n, …]. */
export function repeated(tensors: Tensors, times: number): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, repeatedTensor(t, times)]));
}

export function repeatedTensor(t: Tensor, times: number): Tensor {
  const data = new Float32Array(sizeOf(t.shape) * times);
  for (let i = 0; i < times; i++) data.set(asFloat32(t), i * t.data.length);
  return float32(data, [t.shape[0]! * times, ...t.shape.slice(1)]);
}
