/** Random models, profiles and findings for property tests. */
import fc from 'fast-check';
import type { NodeWork } from '../../src/model/index.ts';
import type { Thresholds } from '../../src/plan/index.ts';
import type { CutFacts, ModelFacts } from '../../src/planner/facts.ts';
import type { Findings } from '../../src/planner/leakage.ts';
import type { Search } from '../../src/planner/weigh.ts';
import { operatorClasses, type Profile } from '../../src/profile/index.ts';

export const defenses = ['none', 'weak', 'strong'];

const work: fc.Arbitrary<NodeWork> = fc.record({
  class: fc.constantFrom(...operatorClasses),
  macs: fc.integer({ min: 0, max: 1e8 }),
  bytes: fc.integer({ min: 4, max: 1e7 }),
});

export const model: fc.Arbitrary<ModelFacts> = fc
  .array(fc.record({ work, elements: fc.integer({ min: 1, max: 200_000 }) }), { minLength: 1, maxLength: 6 })
  .map((layers) => {
    const cut = (id: string, elements: number, at: number): CutFacts => ({
      id,
      tensors: [{ name: id, dtype: 'float32', shape: [1, elements] }],
      activationBytes: 4 * elements,
      head: layers.slice(0, at).map((l) => l.work),
      tail: layers.slice(at).map((l) => l.work),
      layers: { depth: at, mixes: at === layers.length },
      headWeightBytes: 100 * at,
    });
    const inner = layers.slice(0, -1).map((l, i) => cut(`cut${i}`, l.elements, i + 1));
    return {
      sha256: 'a'.repeat(64),
      cuts: [cut('input', 784, 0), ...inner, cut('output', 10, layers.length)],
      answerBytes: 40,
    };
  });

const f = <U extends string>(value: number, unit: U) => ({ value, unit, source: 'modelled' as const });

export function machine(name: string, gmacs: number, watts = true): Profile {
  const roof = { macsPerS: f(gmacs * 1e9, 'MAC/s'), bytesPerS: f(gmacs * 1e9, 'B/s') };
  return {
    format: 'cutline.profile/1',
    name,
    compute: {
      classes: { conv: roof, depthwise: roof, matmul: roof, elementwise: roof },
      nodeOverheadMs: f(0.01, 'ms'),
      callOverheadMs: f(0.1, 'ms'),
    },
    ...(watts && { power: { idleW: f(2, 'W'), busyW: f(6, 'W') } }),
  };
}

export function link(mbps: number, rttMs: number, maxPacketBytes?: number): Profile {
  return {
    format: 'cutline.profile/1',
    name: 'link',
    link: {
      rttMs: f(rttMs, 'ms'),
      uplinkBps: f(mbps * 1e6, 'bit/s'),
      ...(maxPacketBytes !== undefined && { maxPacketBytes: f(maxPacketBytes, 'B') }),
      radio: { idleW: f(0.9, 'W'), sendBaseW: f(0.1, 'W'), sendWPerMbps: f(0.005, 'W/Mbps') },
    },
  };
}

const thresholds: fc.Arbitrary<Thresholds> = fc
  .record({
    threat: fc.constantFrom('white-box' as const, 'black-box' as const),
    maxSsim: fc.double({ min: 0, max: 1, noNaN: true }),
    objective: fc.constantFrom('latency' as const, 'energy' as const, 'bytes' as const, 'weights' as const),
    maxLatencyMs: fc.option(fc.double({ min: 0, max: 500, noNaN: true }), { nil: undefined }),
    maxBytes: fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }),
    minAccuracy: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  })
  .map(({ maxLatencyMs, maxBytes, minAccuracy, ...rest }) => ({
    ...rest,
    weights: { latency: 1, energy: 0.1 },
    ...(maxLatencyMs !== undefined && { maxLatencyMs }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(minAccuracy !== undefined && { minAccuracy }),
  }));

export const problem: fc.Arbitrary<Search> = fc
  .record({
    model,
    thresholds,
    deviceGmacs: fc.double({ min: 0.1, max: 10, noNaN: true }),
    mbps: fc.double({ min: 0.5, max: 100, noNaN: true }),
    rttMs: fc.double({ min: 0, max: 50, noNaN: true }),
    maxPacketBytes: fc.option(fc.integer({ min: 1000, max: 1_000_000 }), { nil: undefined }),
  })
  .map((p) => ({
    model: p.model,
    thresholds: p.thresholds,
    protocol: null,
    defenses: () => defenses,
    codecs: ['float32' as const, 'uint8' as const],
    profiles: {
      device: machine('device', p.deviceGmacs),
      cloud: machine('cloud', 50),
      link: link(p.mbps, p.rttMs, p.maxPacketBytes),
    },
  }));

/** What a full audit of this model would find: fixed by (cut, defense) and a seed. */
export function truth(cut: string, defense: string, seed: number): Findings {
  let h = seed;
  for (const ch of `${cut}|${defense}`) h = (Math.imul(h ^ ch.charCodeAt(0), 16777619) >>> 0) ^ (h >>> 13);
  const mean = ((h >>> 0) % 900) / 1000;
  const ssim = { mean, low: mean - 0.05, high: mean + 0.05 };
  const accuracy = ((h >>> 7) % 1000) / 1000;
  const of = (threat: 'white-box' | 'black-box', shift: number) => ({
    cut,
    defense,
    codec: 'float32' as const,
    threat,
    attack: threat === 'white-box' ? 'rmle' : 'inverse-network',
    ssim: { mean: ssim.mean + shift, low: ssim.low + shift, high: ssim.high + shift },
    images: 10,
  });
  const leakage = [of('white-box', 0), of('black-box', ((h % 3) - 1) * 0.02)];
  return { leakage, results: leakage.map((l) => ({ ...l, accuracy: defense === 'none' ? 0.9 : accuracy })) };
}
