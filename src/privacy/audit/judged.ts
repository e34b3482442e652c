/**
 * What an attack must have done for its result to count. A victim whose descent took no step, ended where it began, diverged,
 * or whose picture is another's, is left out of every score. Charged as a bad reconstruction it would make the cut look
 * safe; but where more than a tenth of the victims would have to be left out, the rest may be the easy ones, and the attack as
 * a whole has failed.
 */
import { CutlineError } from '../../errors.ts';
import { asFloat32, sizeOf, type Tensor, type Tensors } from '../../model/index.ts';
import { type Attack, isDivergence, type Missed, missTexts, type Reconstruction } from '../attacks/index.ts';

/** Of the victims, how many may be left out. */
const mostMissed = 0.1;
/** An interval needs two. */
export const leastLeft = 2;

/**
 * The same attack, which fails where what it made is no measurement, and else says which victims it knows nothing about.
 * @throws CutlineError ATTACK_DIVERGED, ATTACK_STALLED, and what the attack throws
 */
export function judged<A extends Attack>(attack: A, cut: string): A {
  const run = async (context: Parameters<A['run']>[0]): Promise<Reconstruction> => {
    const { count, observed } = context;
    const found = await attack.run(context as never).catch((error: unknown) => {
      throw ofTraining(error, { cut, attack: attack.name, missed: count, images: count });
    });
    const { missed: told = [], ...rest } = found;
    const missed = merged([...told, ...notFinite(found.pictures), ...same(found.pictures, observed)]);
    const left = count - missed.length;
    if (missed.length > mostMissed * count || (missed.length > 0 && left < leastLeft)) {
      throw failureOf(missed, { cut, attack: attack.name, images: count });
    }
    return { ...rest, ...(missed.length > 0 && { missed }) };
  };
  return { ...attack, run };
}

/** By the reason of most. */
export function failureOf(
  missed: readonly Missed[],
  where: { cut: string; attack: string; images: number },
): CutlineError {
  const counts = new Map<Missed['reason'], number>();
  for (const { reason } of missed) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const [[reason]] = [...counts].sort(([, a], [, b]) => b - a) as [[Missed['reason'], number]];
  const code = isDivergence(reason) ? 'ATTACK_DIVERGED' : 'ATTACK_STALLED';
  return new CutlineError(code, { ...where, missed: missed.length, problem: missTexts[reason] });
}

/** A training that failed is the failure of the attack that it was for. */
function ofTraining(error: unknown, where: Record<string, string | number>): unknown {
  if (!(error instanceof CutlineError)) return error;
  const { code, details } = error;
  if (code === 'TRAINING_STALLED')
    return new CutlineError('ATTACK_STALLED', { ...where, problem: `${details.problem}` }, { cause: error });
  if (code === 'TRAINING_DIVERGED') {
    const problem = `the loss of epoch ${details.epoch} of its training is no number`;
    return new CutlineError('ATTACK_DIVERGED', { ...where, problem }, { cause: error });
  }
  return error;
}

/** Each victim once, by the reason that is told first. */
function merged(all: readonly Missed[]): Missed[] {
  const known = new Map<number, Missed>();
  for (const miss of all) if (!known.has(miss.victim)) known.set(miss.victim, miss);
  return [...known.values()].sort((a, b) => a.victim - b.victim);
}

function notFinite(pictures: Tensor): Missed[] {
  return rowsWhere(pictures, (row) => !row.every(Number.isFinite)).map((victim) => ({ victim, reason: 'not-finite' }));
}

/** In network units: less is no difference that anybody sees. */
const nothing = 1e-5;
/** Of the features’ size: what two runs over the same picture may differ by, many times over. */
const noise = 1e-4;

/** Victims whose picture somebody else has too, who was observed to be different. */
function same(pictures: Tensor, observed: Tensors): Missed[] {
  const data = asFloat32(pictures);
  const count = pictures.shape[0]!;
  const size = data.length / count;
  const alike = (i: number, j: number) => {
    for (let k = 0; k < size; k++) if (!(Math.abs(data[i * size + k]! - data[j * size + k]!) <= nothing)) return false;
    return true;
  };
  const twins = new Set<number>();
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      if (alike(i, j) && differ(observed, i, j)) twins.add(i).add(j);
    }
  }
  return [...twins].map((victim) => ({ victim, reason: 'same' }));
}

function differ(observed: Tensors, i: number, j: number): boolean {
  let [difference, size] = [0, 0];
  for (const tensor of Object.values(observed)) {
    const data = asFloat32(tensor);
    const row = sizeOf(tensor.shape.slice(1));
    for (let k = 0; k < row; k++) {
      const [a, b] = [data[i * row + k]!, data[j * row + k]!];
      difference += (a - b) ** 2;
      size += a * a + b * b;
    }
  }
  return difference > noise ** 2 * size;
}

function rowsWhere(tensor: Tensor, is: (row: Float32Array) => boolean): number[] {
  const data = asFloat32(tensor);
  const size = data.length / tensor.shape[0]!;
  return Array.from({ length: tensor.shape[0]! }, (_, i) => i).filter((i) =>
    is(data.subarray(i * size, (i + 1) * size)),
  );
}
