/**
 * Conjugate gradients (Hestenes & Stiefel 1952), preconditioned, for an objective that is a quadratic: what L-BFGS with exact steps
 * would do there (Nazareth 1979), without the memory of its pairs, whose arithmetic costs more than a first convolution.
 * Written as a generator like `lbfgs`: it yields the point it wants evaluated and is given value and gradient there.
 *
 * Everything is asked at the start plus a direction of length one: as the curvature is the same everywhere, directions that
 * have become tiny need not be told from rounding. Only where the descent stands is evaluated now and then as it is.
 */
import { type Evaluation, lbfgs, type Minimum } from './lbfgs.ts';
import { diagonal, type Waves } from './preconditioner.ts';
import { endOf } from './stop.ts';

export interface QuadraticOptions {
  /** Steps to take, each one evaluation. */
  readonly iterations: number;
  /** A value as low as this ends the descent. Default 0. */
  readonly enough?: number;
  /** What the coordinates are, where they are waves: then two evaluations more make a step worth two. */
  readonly waves?: Waves | undefined;
}

/** Values are summed up from falls while they are no smaller than this share of one that was evaluated. */
const trusted = 1e-4;
/** Falls that float32 cannot tell from none. */
const leastFall = 1e-9;
/** Of the terms of a quadratic, how far value and gradients may disagree. Rounding is a thousand times smaller. */
const disagreement = 1e-3;

/** Should it turn out that the objective is no quadratic, or that its gradients are not its own, L-BFGS sees to it instead. */
export function* conjugateGradients(
  start: Float32Array,
  options: QuadraticOptions,
): Generator<Float32Array, Minimum, Evaluation> {
  const { iterations, enough = 0, waves } = options;
  const n = start.length;
  const vector = () => new Float64Array(n);
  const first = yield start;
  const origin = { value: first.value, gradient: new Float64Array(first.gradient) };
  const ended = (point: Float32Array, value: number, taken: number, stop?: Minimum['stop']): Minimum =>
    endOf(start, { point, value, first: origin.value, iterations: taken }, stop);
  const slopes = product(origin.gradient, origin.gradient);
  if (!Number.isFinite(origin.value) || !Number.isFinite(slopes)) return ended(start, origin.value, 0, 'not-finite');
  if (origin.value <= enough) return ended(start, origin.value, 0, 'enough');
  if (slopes === 0) return ended(start, origin.value, 0, 'flat');

  const trial = new Float32Array(n);
  const along = vector();
  /** direction·H·direction, of the direction asked last. */
  let bend = 0;
  /** Curvature along a direction, H·direction, in `along`; undefined where value and gradients are of no quadratic. */
  const curvature = function* (direction: Float64Array): Generator<Float32Array, Float64Array | undefined, Evaluation> {
    const length = Math.sqrt(n / product(direction, direction));
    for (let i = 0; i < n; i++) trial[i] = start[i]! + length * direction[i]!;
    const { value, gradient } = yield trial;
    for (let i = 0; i < n; i++) along[i] = (gradient[i]! - origin.gradient[i]!) / length;
    bend = product(along, direction);
    const terms = [origin.value, length * product(origin.gradient, direction), (length ** 2 / 2) * bend];
    const off = Math.abs(terms.reduce((a, b) => a + b) - value);
    return off <= disagreement * terms.reduce((a, b) => a + Math.abs(b), 0) ? along : undefined;
  };

  const scales = waves && (yield* diagonal(n, waves, curvature));
  if (waves && !scales) return yield* lbfgs(start, options);
  const inverse = scales?.map((v) => 1 / v);

  const point = new Float64Array(start);
  const residual = vector();
  for (let i = 0; i < n; i++) residual[i] = -origin.gradient[i]!;
  /** The residual, preconditioned. */
  const better = vector();
  const precondition = (): number => {
    if (inverse) for (let i = 0; i < n; i++) better[i] = residual[i]! * inverse[i]!;
    else better.set(residual);
    return product(residual, better);
  };
  let steepness = precondition();
  const direction = better.slice();
  /** Where it stood when it was evaluated last. */
  let known = { point: start, value: origin.value, taken: 0 };
  let value = origin.value;
  let taken = 0;
  let stop: Minimum['stop'] | undefined;
  /** Evaluates where it stands. @returns whether that is lower than where it was seen last */
  const look = function* (): Generator<Float32Array, boolean, Evaluation> {
    const here = new Float32Array(point);
    const e = yield here;
    if (!(e.value < known.value)) return false;
    known = { point: here, value: e.value, taken };
    value = e.value;
    for (let i = 0; i < n; i++) residual[i] = -e.gradient[i]!;
    return true;
  };

  while (!stop && taken < iterations) {
    if (!(yield* curvature(direction))) return yield* lbfgs(start, options);
    const step = steepness / bend;
    if (!(bend > 0 && step > 0)) {
      // Nothing is left that float32 could tell from nothing.
      stop = 'minimum';
      break;
    }
    for (let i = 0; i < n; i++) {
      point[i] = point[i]! + step * direction[i]!;
      residual[i] = residual[i]! - step * along[i]!;
    }
    taken++;
    const fall = (step * steepness) / 2;
    value -= fall;
    if (fall < leastFall * Math.abs(value)) stop = 'minimum';
    else if (value <= enough || (known.value > 0 && value <= trusted * known.value)) {
      if (!(yield* look())) stop = 'minimum';
      else if (value <= enough) stop = 'enough';
    }
    const before = steepness;
    steepness = precondition();
    const share = steepness / before;
    for (let i = 0; i < n; i++) direction[i] = better[i]! + share * direction[i]!;
  }
  if (known.taken < taken) yield* look();
  return ended(known.point, known.value, taken, stop);
}

function product(a: Float64Array, b: Float64Array): number {
  let s0 = 0;
  let s1 = 0;
  let i = 0;
  for (; i + 1 < a.length; i += 2) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
  }
  if (i < a.length) s0 += a[i]! * b[i]!;
  return s0 + s1;
}
