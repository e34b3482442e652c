/** From the options of `cutline plan` to thresholds. */
import { CutlineError } from '../errors.ts';
import { objectives, type Thresholds, threats } from '../plan/index.ts';

export interface ThresholdArguments {
  readonly threat: string;
  readonly maxSsim: number;
  readonly maxGain?: number | undefined;
  readonly requireMixing?: boolean | undefined;
  readonly minDepth?: number | undefined;
  readonly maxFloats?: number | undefined;
  readonly maxLatencyMs: number | undefined;
  readonly maxEnergyMj: number | undefined;
  readonly minAccuracy: number | undefined;
  readonly minAgreement?: number | undefined;
  readonly maxBytes: number | undefined;
  readonly maxBits?: number | undefined;
  readonly maxDownloadBytes: number | undefined;
  readonly requireSplit: boolean;
  readonly objective: string;
  readonly weights: string | undefined;
}

/** @throws CutlineError USAGE */
export function thresholdsOf(a: ThresholdArguments): Thresholds {
  const threat = oneOf('--threat', a.threat, threats);
  const objective = oneOf('--objective', a.objective, objectives);
  const weights = a.weights === undefined ? undefined : weightsOf(a.weights);
  if ((objective === 'weights') !== (weights !== undefined)) {
    throw new CutlineError('USAGE', {
      problem: '--objective weights and --weights go together, e.g. --weights latency=1,energy=0.1.',
    });
  }
  return {
    threat,
    maxSsim: within('--max-ssim', a.maxSsim, -1, 1),
    ...(a.maxGain !== undefined && { maxGain: within('--max-gain', a.maxGain, -2, 2) }),
    ...(a.requireMixing && { requireMixing: true as const }),
    ...(a.minDepth !== undefined && { minDepth: whole('--min-depth', a.minDepth, 1000) }),
    ...(a.maxFloats !== undefined && { maxFloats: whole('--max-floats', a.maxFloats, 1e12) }),
    ...(a.maxLatencyMs !== undefined && { maxLatencyMs: within('--max-latency-ms', a.maxLatencyMs) }),
    ...(a.maxEnergyMj !== undefined && { maxEnergyMj: within('--max-energy-mj', a.maxEnergyMj) }),
    ...(a.minAgreement !== undefined && { minAgreement: within('--min-agreement', a.minAgreement, 0, 1) }),
    ...(a.minAccuracy !== undefined && { minAccuracy: within('--min-accuracy', a.minAccuracy, 0, 1) }),
    ...(a.maxBytes !== undefined && { maxBytes: within('--max-bytes', a.maxBytes) }),
    ...(a.maxBits !== undefined && { maxBits: whole('--max-bits', a.maxBits, 1e12) }),
    ...(a.maxDownloadBytes !== undefined && {
      maxDownloadBytes: within('--max-download-bytes', a.maxDownloadBytes),
    }),
    ...(a.requireSplit && { requireSplit: true as const }),
    objective,
    ...(weights && { weights }),
  };
}

function whole(flag: string, value: number, high: number): number {
  if (Number.isInteger(value)) return within(flag, value, 1, high);
  throw new CutlineError('USAGE', { problem: `${flag}: want a whole number, got ${value}.` });
}

/** `latency=1,energy=0.1,bytes=0`: factors for milliseconds, millijoules and bytes. */
function weightsOf(text: string): NonNullable<Thresholds['weights']> {
  const weights: NonNullable<Thresholds['weights']> = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=');
    const key = oneOf('--weights', name.trim(), ['latency', 'energy', 'bytes'] as const);
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
