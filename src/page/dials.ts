/** What can be turned on the page: each number of the search, how it is said, and where its slider begins and ends. Pure. */
import type { Numbers } from '../planner/index.ts';
import { evenly, orNothing, type Scale, tenfold } from './scale.ts';

type Weighed = keyof Numbers['weights'];

export interface Dial {
  readonly id: string;
  readonly label: string;
  /** What a typed number is in; empty where it is none. */
  readonly unit: string;
  readonly scale: Scale;
  /** In the unit; 0 stands for nothing where `optional`. */
  read(numbers: Numbers): number;
  write(numbers: Numbers, value: number): Numbers;
  /** A typed number may be left empty, or be 0. */
  readonly optional?: true;
  /** The smallest and largest that may be typed. */
  readonly least: number;
  readonly most: number;
  /** Shown where this holds; default always. */
  readonly shown?: (numbers: Numbers) => boolean;
}

const bitsOfMbit = 1e6;
/** What is typed in Mbit/s is so many bits, not their neighbour. */
const exactly = (value: number): number => Number(value.toPrecision(12));

/** @param was the numbers that the plan was made with: every slider reaches them */
export function dialsFor(was: Numbers): Dial[] {
  const reaching = (low: number, high: number, value: number) =>
    value > 0 ? tenfold(Math.min(low, value / 10), Math.max(high, value * 10)) : tenfold(low, high);
  return [
    {
      id: 'max-ssim',
      label: 'Most that an attack may get back, SSIM',
      unit: '',
      scale: evenly(0, 1, 0.01),
      least: -1,
      most: 1,
      read: (n) => n.maxSsim,
      write: (n, maxSsim) => ({ ...n, maxSsim }),
    },
    {
      id: 'bandwidth',
      label: 'Bandwidth upwards',
      unit: 'Mbit/s',
      scale: reaching(0.01, 1000, was.uplinkBps / bitsOfMbit),
      least: 1e-6,
      most: 1e9,
      read: (n) => n.uplinkBps / bitsOfMbit,
      write: (n, mbps) => ({ ...n, uplinkBps: exactly(mbps * bitsOfMbit) }),
    },
    {
      id: 'round-trip',
      label: 'Round trip',
      unit: 'ms',
      scale: reaching(0.1, 1000, was.rttMs),
      least: 0,
      most: 1e6,
      read: (n) => n.rttMs,
      write: (n, rttMs) => ({ ...n, rttMs }),
    },
    {
      id: 'device-speed',
      label: 'Speed of the device',
      unit: '× its profile',
      scale: tenfold(0.01, 100),
      least: 1e-6,
      most: 1e6,
      read: (n) => n.deviceSpeed,
      write: (n, deviceSpeed) => ({ ...n, deviceSpeed }),
    },
    {
      id: 'rate',
      label: 'Requests',
      unit: 'a second',
      scale: orNothing(reaching(0.01, 1000, was.ratePerS ?? 0)),
      optional: true,
      least: 0,
      most: 1e9,
      read: (n) => n.ratePerS ?? 0,
      write: (n, rate) => ({ ...n, ratePerS: rate > 0 ? rate : undefined }),
    },
    weight('latency', 'ms'),
    weight('p95', 'ms at the 95th percentile'),
    weight('energy', 'mJ'),
    weight('bytes', 'byte'),
    weight('cloud', 'ms of a server'),
  ];
}

function weight(what: Weighed, each: string): Dial {
  return {
    id: `weight-${what}`,
    label: `Weight of a ${each}`,
    unit: '',
    scale: orNothing(tenfold(1e-4, 100, 20)),
    optional: true,
    least: 0,
    most: 1e9,
    read: (n) => n.weights[what] ?? 0,
    write: (n, value) => ({ ...n, weights: { ...n.weights, [what]: value } }),
    shown: ({ objective }) => objective === 'weights',
  };
}

/** As `cutline plan` has them; the order is that of the list on the page. */
export const objectives: Readonly<Record<Numbers['objective'], string>> = {
  latency: 'latency',
  p95: 'latency at the 95th percentile',
  energy: 'energy of the device',
  bytes: 'bytes sent',
  cloud: 'work for a server',
  weights: 'a weighted sum',
};

/** What would be given to the command for the same answer, and what has to stand in the profiles. */
export function commandFor(numbers: Numbers, was: Numbers): { readonly options: string; readonly profiles: string } {
  const { maxSsim, objective, weights, ratePerS, uplinkBps, rttMs, deviceSpeed } = numbers;
  const list = Object.entries(weights).flatMap(([name, w]) => (w ? [`${name}=${w}`] : []));
  const options = [
    `--max-ssim ${maxSsim}`,
    `--objective ${objective}`,
    ...(objective === 'weights' && list.length > 0 ? [`--weights ${list.join(',')}`] : []),
    ...(ratePerS === undefined ? [] : [`--rate ${ratePerS}`]),
  ];
  const profiles = [
    ...(uplinkBps === was.uplinkBps ? [] : [`uplinkBps ${uplinkBps}`]),
    ...(rttMs === was.rttMs ? [] : [`rttMs ${rttMs}`]),
    ...(deviceSpeed === 1 ? [] : [`every speed of the device ${deviceSpeed} times what it was`]),
  ];
  return { options: options.join(' '), profiles: profiles.join(', ') };
}
