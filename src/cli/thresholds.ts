/** From the options of `cutline plan` to thresholds. */
import { CutlineError } from '../errors.ts';
import { objectives, type Thresholds, threats, weighable } from '../plan/index.ts';

export interface ThresholdArguments {
  readonly threat: string | undefined;
  readonly maxSsim: number | undefined;
  readonly maxGain?: number | undefined;
  readonly requireMixing?: boolean | undefined;
  readonly minDepth?: number | undefined;
  readonly maxFloats?: number | undefined;
  readonly maxLatencyMs: number | undefined;
  readonly maxP95Ms?: number | undefined;
  readonly maxEnergyMj: number | undefined;
  readonly maxCloudMs?: number | undefined;
  readonly maxMemoryBytes?: number | undefined;
  /** A cut of one's own choice. */
  readonly at?: string | undefined;
  readonly minAccuracy: number | undefined;
  readonly minAgreement?: number | undefined;
  readonly maxBytes: number | undefined;
  readonly maxBits?: number | undefined;
  readonly maxDownloadBytes: number | undefined;
  /** Requests a second, and who serves them. */
  readonly rate?: number | undefined;
  readonly servers?: number | undefined;
  readonly batch?: number | undefined;
  readonly arrivals?: string | undefined;
  readonly requireSplit?: boolean | undefined;
  readonly objective: string | undefined;
  readonly weights: string | undefined;
}

/** Where neither an option nor a file says. */
export const usual = { threat: 'white-box', maxSsim: 0.3, objective: 'latency' } as const;

/**
 * @param base of a file of requirements; options go before it
 * @throws CutlineError USAGE
 */
export function thresholdsOf(a: ThresholdArguments, base: Partial<Thresholds> = {}): Thresholds {
  const given = Object.fromEntries(Object.entries(fromOptions(a)).filter(([, v]) => v !== undefined));
  const load = loadOf(a, base.load);
  const asked: Thresholds = { ...usual, ...base, ...given, ...(load && { load }) };
  // Weights of a file that the objective of an option has no use for.
  if (asked.objective !== 'weights' && a.weights === undefined && a.objective !== undefined) delete asked.weights;
  if ((asked.objective === 'weights') !== (asked.weights !== undefined)) {
    throw new CutlineError('USAGE', {
      problem: '--objective weights and --weights go together, e.g. --weights latency=1,energy=0.1.',
    });
  }
  return asked;
}

function loadOf(a: ThresholdArguments, base: Thresholds['load']): Thresholds['load'] {
  const ratePerS = a.rate ?? base?.ratePerS;
  if (ratePerS === undefined) {
    const [alone] = (['servers', 'batch', 'arrivals'] as const).filter((name) => a[name] !== undefined);
    if (alone === undefined) return undefined;
    throw new CutlineError('USAGE', { problem: `--${alone} says how requests are served: give --rate as well.` });
  }
  if (!(ratePerS > 0)) throw new CutlineError('USAGE', { problem: `--rate: want a number above 0, got ${ratePerS}.` });
  return {
    ...base,
    ratePerS: within('--rate', ratePerS, 0, 1e9),
    ...(a.servers !== undefined && { servers: whole('--servers', a.servers, 100_000) }),
    ...(a.batch !== undefined && { batch: whole('--batch', a.batch, 10_000) }),
    ...(a.arrivals !== undefined && { arrivals: oneOf('--arrivals', a.arrivals, ['poisson', 'even'] as const) }),
  };
}

type Undefinable<T> = { [K in keyof T]?: T[K] | undefined };

/** What options say; undefined where they say nothing. A flag that is not set asks for nothing. */
function fromOptions(a: ThresholdArguments): Undefinable<Thresholds> {
  const from = <I, O>(value: I | undefined, read: (value: I) => O): O | undefined =>
    value === undefined ? undefined : read(value);
  const amount = (flag: string) => (value: number) => within(flag, value);
  const share = (flag: string) => (value: number) => within(flag, value, 0, 1);
  return {
    threat: from(a.threat, (v) => oneOf('--threat', v, threats)),
    maxSsim: from(a.maxSsim, (v) => within('--max-ssim', v, -1, 1)),
    maxGain: from(a.maxGain, (v) => within('--max-gain', v, -2, 2)),
    requireMixing: a.requireMixing ? true : undefined,
    minDepth: from(a.minDepth, (v) => whole('--min-depth', v, 1000)),
    maxFloats: from(a.maxFloats, (v) => whole('--max-floats', v, 1e12)),
    maxLatencyMs: from(a.maxLatencyMs, amount('--max-latency-ms')),
    maxP95Ms: from(a.maxP95Ms, amount('--max-p95-ms')),
    maxEnergyMj: from(a.maxEnergyMj, amount('--max-energy-mj')),
    maxCloudMs: from(a.maxCloudMs, amount('--max-cloud-ms')),
    minAgreement: from(a.minAgreement, share('--min-agreement')),
    minAccuracy: from(a.minAccuracy, share('--min-accuracy')),
    maxBytes: from(a.maxBytes, amount('--max-bytes')),
    maxBits: from(a.maxBits, (v) => whole('--max-bits', v, 1e12)),
    maxDownloadBytes: from(a.maxDownloadBytes, amount('--max-download-bytes')),
    maxMemoryBytes: from(a.maxMemoryBytes, amount('--max-memory-bytes')),
    at: a.at,
    requireSplit: a.requireSplit ? true : undefined,
    objective: from(a.objective, (v) => oneOf('--objective', v, objectives)),
    weights: from(a.weights, weightsOf),
  };
}

function whole(flag: string, value: number, high: number): number {
  if (Number.isInteger(value)) return within(flag, value, 1, high);
  throw new CutlineError('USAGE', { problem: `${flag}: want a whole number, got ${value}.` });
}

/** `latency=1,energy=0.1,bytes=0`: factors for milliseconds, millijoules, bytes and milliseconds of a server. */
function weightsOf(text: string): NonNullable<Thresholds['weights']> {
  const weights: NonNullable<Thresholds['weights']> = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=');
    const key = oneOf('--weights', name.trim(), weighable);
    weights[key] = within(`--weights ${key}`, value.trim() === '' ? Number.NaN : Number(value));
  }
  return weights;
}

export function oneOf<T extends string>(flag: string, value: string, known: readonly T[]): T {
  const found = known.find((k) => k === value);
  if (found === undefined) {
    throw new CutlineError('USAGE', { problem: `${flag} ${value}: choose one of ${known.join(', ')}.` });
  }
  return found;
}

export function within(flag: string, value: number, low = 0, high = Number.MAX_VALUE): number {
  if (value >= low && value <= high) return value;
  const range = high === Number.MAX_VALUE ? `a number from ${low} on` : `a number from ${low} to ${high}`;
  throw new CutlineError('USAGE', { problem: `${flag}: want ${range}, got ${value}.` });
}
