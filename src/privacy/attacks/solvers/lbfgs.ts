/**
 * L-BFGS with a strong Wolfe line search (Nocedal & Wright 2006, algorithms 7.4, 3.5 and 3.6) for one problem, written as a
 * generator: it yields the point it wants evaluated and is given value and gradient there. Whoever drives many of them
 * evaluates their points as one batch, while each keeps its own history and its own step.
 */

import type { Stop } from '../stops.ts';
import { History } from './history.ts';
import { endOf } from './stop.ts';
import { dot } from './vectors.ts';

export interface Evaluation {
  readonly value: number;
  /** Valid until the next point is yielded. */
  readonly gradient: Float32Array;
}

export interface LbfgsOptions {
  /** Steps to take; each costs little more than one evaluation. */
  readonly iterations: number;
  /** Pairs kept to model the curvature. Default 24. */
  readonly history?: number;
  /** A value as low as this ends the descent, and one below it needs none. Default 0. */
  readonly enough?: number;
}

export interface Minimum {
  readonly point: Float32Array;
  readonly value: number;
  /** Where it began. */
  readonly first: number;
  readonly iterations: number;
  readonly stop: Exclude<Stop, 'risen'>;
}

/** Pairs kept where nothing else is said. Forty are at most .006 of SSIM better than twenty (LeNet ReLU2 and fc1, CIFAR10CNN ReLU22). */
const defaultHistory = 24;
/** Vectors as long as a point that a minimisation holds: its pairs, and those it works with. */
export const vectorsKept = 2 * defaultHistory + 8;

/** Sufficient decrease and curvature of the Wolfe conditions. */
const c1 = 1e-4;
const c2 = 0.9;
const maxTrials = 20;

interface Sample {
  readonly step: number;
  readonly value: number;
  /** Directional derivative. */
  readonly slope: number;
}

export function* lbfgs(start: Float32Array, options: LbfgsOptions): Generator<Float32Array, Minimum, Evaluation> {
  const n = start.length;
  const history = new History(n, options.history ?? defaultHistory);
  let point = Float32Array.from(start);
  let trial = new Float32Array(n);
  let gradient = new Float32Array(n);
  const trialGradient = new Float32Array(n);
  const direction = new Float32Array(n);
  const first = yield point;
  let value = first.value;
  gradient.set(first.gradient);
  const enough = options.enough ?? 0;
  const ended = (stop: Minimum['stop'] | undefined, iterations: number): Minimum =>
    endOf(start, { point, value, first: first.value, iterations }, stop);
  const steepness = dot(gradient, gradient);
  if (!Number.isFinite(value) || !Number.isFinite(steepness)) return ended('not-finite', 0);
  if (value <= enough) return ended('enough', 0);
  if (steepness === 0) return ended('flat', 0);
  history.begin(gradient);
  let fresh = true;
  let iteration = 0;
  /** Whether any point that the line search tried last had a value and a slope. */
  let finite = true;
  let stop: Minimum['stop'] | undefined;

  while (!stop && iteration < options.iterations) {
    history.direction(direction);
    let slope = dot(gradient, direction);
    if (!(slope < 0)) {
      if (fresh) {
        stop = 'minimum';
        continue;
      }
      history.begin(gradient);
      fresh = true;
      continue;
    }
    // A first step changes values by about 0.1; later ones trust the curvature model.
    const initial = fresh ? (0.1 * Math.sqrt(n)) / Math.sqrt(dot(direction, direction)) : 1;
    const at0: Sample = { step: 0, value, slope };
    const sample = function* (step: number): Generator<Float32Array, Sample, Evaluation> {
      for (let i = 0; i < n; i++) trial[i] = point[i]! + step * direction[i]!;
      const e = yield trial;
      trialGradient.set(e.gradient);
      slope = dot(trialGradient, direction);
      // A point without a slope is a dead end, whatever its value.
      const known = Number.isFinite(e.value) && Number.isFinite(slope);
      finite ||= known;
      return { step, value: known ? e.value : Number.POSITIVE_INFINITY, slope };
    };
    finite = false;
    const accepted = yield* lineSearch(at0, initial, sample);
    if (!accepted) {
      // Rounding hides the descent: once more along the plain gradient, then this is the minimum.
      if (fresh) {
        stop = finite ? 'minimum' : 'not-finite';
        continue;
      }
      history.begin(gradient);
      fresh = true;
      continue;
    }
    iteration++;
    fresh = false;
    [point, trial] = [trial, point];
    gradient = Float32Array.from(trialGradient);
    // Swapped: the step went from `trial` to `point`.
    history.push(trial, point, gradient);
    value = accepted.value;
    if (value <= enough) stop = 'enough';
  }
  return ended(stop, iteration);
}

/**
 * Finds a step that satisfies the strong Wolfe conditions, or the best decrease seen after `maxTrials`; undefined when no
 * step decreases the value. The last point sampled is the one returned.
 */
function* lineSearch(
  at0: Sample,
  initial: number,
  sample: (step: number) => Generator<Float32Array, Sample, Evaluation>,
): Generator<Float32Array, Sample | undefined, Evaluation> {
  const decreases = (s: Sample) => s.value <= at0.value + c1 * s.step * at0.slope;
  const flat = (s: Sample) => Math.abs(s.slope) <= -c2 * at0.slope;
  let low = at0;
  let high: Sample | undefined;
  let current = yield* sample(initial);
  for (let trial = 1; ; trial++) {
    if (decreases(current) && flat(current)) return current;
    if (!decreases(current) || current.value >= low.value) high = current;
    else {
      if (current.slope * ((high?.step ?? Number.POSITIVE_INFINITY) - low.step) >= 0) high = low;
      low = current;
    }
    if (trial === maxTrials) break;
    if (high && Math.abs(high.step - low.step) * Math.abs(at0.slope) < 1e-9 * Math.abs(at0.value)) break;
    current = yield* sample(high ? interpolate(low, high) : current.step * 4);
  }
  if (low.step === 0 || !(low.value < at0.value)) return undefined;
  return low.step === current.step ? current : yield* sample(low.step);
}

/** Minimum of the cubic through two samples, kept away from the ends of the interval. */
function interpolate(a: Sample, b: Sample): number {
  const lower = Math.min(a.step, b.step);
  const upper = Math.max(a.step, b.step);
  const margin = 0.1 * (upper - lower);
  const middle = (lower + upper) / 2;
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.step - b.step);
  const square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0) || !Number.isFinite(b.value)) return middle;
  const d2 = Math.sign(b.step - a.step) * Math.sqrt(square);
  const step = b.step - (b.step - a.step) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2));
  return Number.isFinite(step) ? Math.min(Math.max(step, lower + margin), upper - margin) : middle;
}
