/** From a network, tiers and findings to what routes are looked for in. Two stages and a hop cost what a plan of the same costs. */
import type { Thresholds } from '../../plan/index.ts';
import { cloudMsOf, objectiveValue } from '../choose.ts';
import { computeOf } from '../compute.ts';
import { fits, type Option } from '../facts.ts';
import { MESSAGE_BYTES, price } from '../price.ts';
import type { Search } from '../weigh.ts';
import { type Dimension, type HopStep, nothing, type RouteCost, type RouteProblem } from './route.ts';
import type { Tiers } from './tiers.ts';

/** Whether a hop to a tier that is not trusted may be taken, as far as is known. */
export type Allows = (option: Option) => boolean;

/**
 * @param input its profiles are those of no tier: each hop has its own
 * @param follows whether the second cut, by id, can be computed from the first
 */
export function routeProblem(
  input: Omit<Search, 'profiles'>,
  tiers: Tiers,
  follows: (from: string, to: string) => boolean,
  allows: Allows,
): RouteProblem {
  const { model, thresholds, codecs, defenses } = input;
  const { cuts } = model;
  const headMs = tiers.list.map(({ profile }) => cuts.map((cut) => computeOf(cut, 'head', model, profile).p50));
  const tailMs = tiers.list.map(({ profile }) => cuts.map((cut) => computeOf(cut, 'tail', model, profile).p50));
  const power = tiers.list[tiers.source]!.profile.power;
  const energy = (busyMs: number, waitMs: number): number =>
    power ? power.busyW.value * busyMs + (power.idleW?.value ?? Number.NaN) * waitMs : Number.NaN;

  const stage: RouteProblem['stage'] = ({ tier, from, to }) => {
    const call = from === 0 ? 0 : tiers.list[tier]!.profile.compute!.callOverheadMs.value;
    const whole = to === cuts.length - 1 ? tailMs[tier]![from]! : headMs[tier]![to]! - headMs[tier]![from]! + call;
    const ms = Math.max(0, to === cuts.length - 1 && from === 0 ? headMs[tier]![to]! : whole);
    const own = tier === tiers.source;
    return {
      ...nothing,
      latencyMs: ms,
      energyMj: zeroWhere(ms === 0, () => (own ? energy(ms, 0) : energy(0, ms))),
      cloudMs: own ? 0 : ms,
      downloadBytes: own ? Math.max(0, cuts[to]!.headWeightBytes - cuts[from]!.headWeightBytes) : 0,
    };
  };

  const hopsAt: RouteProblem['hops'] = (at, from, to) => {
    const link = tiers.link(from, to);
    const cut = cuts[at]!;
    if (!link) return [];
    const { rttMs, uplinkBps, downlinkBps = uplinkBps, radio, maxPacketBytes } = link.link!;
    const oneWay = (bytes: number, bps: number) => rttMs.value / 2 + (8e3 * bytes) / bps;
    const cost = (bytes: number, encodeMs: number, wayMs: number): RouteCost => {
      const own = from === tiers.source;
      const sendW = radio ? radio.sendBaseW.value + (radio.sendWPerMbps.value * uplinkBps.value) / 1e6 : Number.NaN;
      const air = own ? sendW * ((8e3 * bytes) / uplinkBps.value) + (radio?.idleW.value ?? Number.NaN) * wayMs : 0;
      const board = own ? energy(encodeMs, wayMs) : energy(0, encodeMs + wayMs);
      return { ...nothing, latencyMs: encodeMs + wayMs, energyMj: board + air, bytes, cloudMs: own ? 0 : encodeMs };
    };
    if (at === cuts.length - 1) {
      const bytes = model.answerBytes + MESSAGE_BYTES;
      const step: HopStep = { kind: 'hop', from, to, cut: at, defense: 'none', codec: 'float32' };
      return [{ step, cost: cost(bytes, 0, oneWay(bytes, uplinkBps.value)) }];
    }
    const isSeen = !tiers.list[to]!.trusted;
    const profiles = { device: tiers.list[from]!.profile, cloud: tiers.list[to]!.profile, link };
    // Who is trusted need not be kept from anything.
    const offered = isSeen && at > 0 ? defenses(cut.id) : ['none'];
    return offered.flatMap((defense) =>
      codecs
        .filter((codec) => fits(codec, cut, defense))
        .flatMap((codec) => {
          const option = { cut, defense, codec };
          if (isSeen && !allows(option)) return [];
          const p = price(option, model, profiles);
          if (p.wireBytes > (maxPacketBytes?.value ?? Number.POSITIVE_INFINITY)) return [];
          const back = oneWay(model.answerBytes + MESSAGE_BYTES, downlinkBps.value);
          // What the runtime takes on either side is part of sending.
          const runtime = p.latencyMs.head - headMs[from]![at]! + (cloudMsOf(p) - tailMs[to]![at]!);
          const wayMs = Math.max(0, p.latencyMs.network - back) + Math.max(0, runtime);
          const step: HopStep = { kind: 'hop', from, to, cut: at, defense, codec };
          return [{ step, cost: cost(p.wireBytes, p.latencyMs.encode, wayMs) }];
        }),
    );
  };

  const held = new Map<number, ReturnType<RouteProblem['hops']>>();
  /** Looked at from many labels, and the same for each. */
  const hops: RouteProblem['hops'] = (at, from, to) => {
    const key = (at * tiers.list.length + from) * tiers.list.length + to;
    const known = held.get(key) ?? hopsAt(at, from, to);
    held.set(key, known);
    return known;
  };

  return {
    tiers: tiers.list.length,
    cuts: cuts.length,
    source: tiers.source,
    goal: tiers.goal,
    mostHops: tiers.mostHops,
    follows: (a, b) => follows(cuts[a]!.id, cuts[b]!.id),
    stage,
    hops,
    objective: (cost) => weighed(cost, thresholds),
    bounds: boundsOf(thresholds),
  };
}

const zeroWhere = (isZero: boolean, value: () => number): number => (isZero ? 0 : value());

/** As a plan's candidates are weighed. */
export function weighed(cost: RouteCost, thresholds: Thresholds): number {
  const latencyMs = { total: cost.latencyMs, head: 0, encode: 0, network: 0, tail: cost.cloudMs };
  return objectiveValue({ latencyMs, energyMj: cost.energyMj, wireBytes: cost.bytes }, thresholds);
}

function boundsOf(t: Thresholds): RouteProblem['bounds'] {
  const all: readonly [Dimension, number | undefined][] = [
    ['latencyMs', t.maxLatencyMs],
    ['energyMj', t.maxEnergyMj],
    ['bytes', t.maxBytes],
    ['cloudMs', t.maxCloudMs],
    ['downloadBytes', t.maxDownloadBytes],
  ];
  return Object.fromEntries(all.filter(([, most]) => most !== undefined)) as RouteProblem['bounds'];
}
