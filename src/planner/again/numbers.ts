/** The numbers that a search can be made again with, each in the place where the command reads it. Pure. */
import type { Thresholds } from '../../plan/index.ts';
import { scaled } from '../beside/scaled.ts';
import type { Profiles } from '../price.ts';
import type { Search } from '../weigh.ts';

export interface Numbers {
  /** `--max-ssim`. */
  readonly maxSsim: number;
  /** Of the link's profile. Its downlink stays as many times as fast. */
  readonly uplinkBps: number;
  /** Of the link's profile, above 0. */
  readonly rttMs: number;
  /** Of the device, times what its profile says. */
  readonly deviceSpeed: number;
  /** `--rate`; undefined: nothing waits. */
  readonly ratePerS: number | undefined;
  readonly objective: Thresholds['objective'];
  /** `--weights`, for that objective. */
  readonly weights: NonNullable<Thresholds['weights']>;
}

/** What the search was made with. */
export function numbersOf({ thresholds, profiles }: Pick<Search, 'thresholds' | 'profiles'>): Numbers {
  const { uplinkBps, rttMs } = profiles.link.link!;
  return {
    maxSsim: thresholds.maxSsim,
    uplinkBps: uplinkBps.value,
    rttMs: rttMs.value,
    deviceSpeed: 1,
    ratePerS: thresholds.load?.ratePerS,
    objective: thresholds.objective,
    weights: thresholds.weights ?? { latency: 1 },
  };
}

export function withNumbers(input: Search, numbers: Numbers): Search {
  const { maxSsim, ratePerS, objective, weights } = numbers;
  const { load, weights: _, ...asked } = input.thresholds;
  const thresholds: Thresholds = {
    ...asked,
    maxSsim,
    objective,
    ...(objective === 'weights' && { weights }),
    ...(ratePerS !== undefined && { load: { ...load, ratePerS } }),
  };
  return { ...input, thresholds, profiles: withSpeeds(input.profiles, numbers) };
}

function withSpeeds(profiles: Profiles, { uplinkBps, rttMs, deviceSpeed }: Numbers): Profiles {
  const was = profiles.link.link!;
  const bandwidth = uplinkBps / was.uplinkBps.value;
  const { device, link, ...rest } = scaled(profiles, { device: deviceSpeed, bandwidth });
  const line = link.link!;
  return {
    ...rest,
    device,
    link: {
      ...link,
      // To the digit: what is scaled is rounded.
      link: { ...line, uplinkBps: { ...line.uplinkBps, value: uplinkBps }, rttMs: at(was.rttMs, rttMs) },
    },
  };
}

type Rtt = NonNullable<Profiles['link']['link']>['rttMs'];

/** What scatters does so in proportion. */
function at(figure: Rtt, value: number): Rtt {
  const { spread } = figure;
  if (value === figure.value || !spread) return { ...figure, value };
  if (figure.value === 0) return { value, unit: figure.unit, source: figure.source };
  const times = value / figure.value;
  const quantiles = Object.entries(spread).map(([k, v]) => [k, k === 'n' || v === undefined ? v : v * times]);
  return { ...figure, value, spread: Object.fromEntries(quantiles) as typeof spread };
}
