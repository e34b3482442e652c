/** A plan with several routes: what is checked of each. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  keyId,
  type Plan,
  parsePlan,
  planDiff,
  requireInTime,
  routesOf,
  signPlan,
  verifyId,
  verifyPlan,
  verifySignature,
} from '../../src/plan/index.ts';
import { leastProtocol } from '../support/evidence.ts';
import { named, samplePlan } from './sample.ts';

const sample = named(samplePlan());
const file = (name: string, digit: string) => ({ file: name, sha256: digit.repeat(64), bytes: 10 });
const other = named({
  ...sample,
  cut: { id: 'ReLU3', tensors: [{ name: 'relu3', dtype: 'float32', shape: [1, 84] }] },
  head: file('head-2.onnx', '1'),
  tail: file('tail-2.onnx', '2'),
  evidence: sample.evidence.map((e) => ({ ...e, cut: 'ReLU3' })),
});
const { answer: _, ...silent } = sample;
const here = named({
  ...silent,
  cut: { id: 'output', tensors: [{ name: 'logits', dtype: 'float32', shape: [1, 10] }] },
  head: file('whole.onnx', '3'),
  tail: null,
  evidence: [],
});
const withSet = (...members: Plan[]) => named({ ...sample, safeSet: members as NonNullable<Plan['safeSet']> });
const plan = withSet(other, here);

describe('a plan with a safe set', () => {
  it('has its own route first, under its own id, and the others under theirs', () => {
    const read = parsePlan(JSON.parse(JSON.stringify(plan)), 'test');
    expect(routesOf(read).map((r) => [r.planId, r.cut.id])).toEqual([
      [plan.planId, 'ReLU2'],
      [other.planId, 'ReLU3'],
      [here.planId, 'output'],
    ]);
    expect(routesOf(read).every((r) => r.safeSet === undefined)).toBe(true);
    verifyId(read);
    verifyPlan(read, { protocol: leastProtocol });
  });

  it.each<[string, Plan, string]>([
    ['of another model', { ...other, model: { ...other.model, sha256: '9'.repeat(64) } }, 'another model'],
    ['that reads pictures otherwise', { ...other, picture: null }, 'inputs of pictures'],
    ['that promises less', { ...other, thresholds: { ...other.thresholds, maxSsim: 0.9 } }, 'promises another leakage'],
    [
      'that allows everything',
      { ...other, thresholds: { ...other.thresholds, maxSsim: 1 } },
      'promises another leakage',
    ],
    ['with another answer', { ...other, answer: [{ name: 'y', dtype: 'float32', shape: [1] }] }, 'other tensors'],
    ['with the name of another file', { ...other, head: file('head.onnx', '1') }, 'head.onnx is the name'],
    ['that stands there already', { ...sample, serial: 8 }, 'stand there twice'],
    ['with a set of its own', withSet(other), 'unknown key'],
    [
      'with a signature',
      { ...other, signature: { algorithm: 'ed25519', key: '0'.repeat(16), value: 'x' } },
      'unknown key',
    ],
    ['outside its folder', { ...other, head: file('../head.onnx', '1') }, 'bare file name'],
  ])('refuses a route %s', (_name, member, problem) => {
    const wrong = withSet(named(member));
    expect(() => parsePlan(JSON.parse(JSON.stringify(wrong)), 'p')).toThrow(
      expect.objectContaining({ code: 'PLAN_INVALID' }),
    );
    expect(() => parsePlan(JSON.parse(JSON.stringify(wrong)), 'p')).toThrow(problem);
  });

  it('names the route that lacks evidence, whose evidence is for something else, or was changed', () => {
    const refused = (member: Plan, code: string) => {
      const set = withSet(named(member), here);
      expect(() => verifyPlan(set, { protocol: leastProtocol })).toThrow(
        expect.objectContaining({
          code,
          message: expect.stringContaining(`${named(member).planId} (in the safe set of ${set.planId})`),
        }),
      );
    };
    refused({ ...other, evidence: [] }, 'PLAN_WITHOUT_EVIDENCE');
    refused({ ...other, evidence: sample.evidence }, 'PLAN_WITHOUT_EVIDENCE');
    refused({ ...other, evidence: other.evidence.map((e) => ({ ...e, images: 10 })) }, 'PLAN_WEAKER_EVIDENCE');
    refused({ ...other, evidence: other.evidence.map((e) => ({ ...e, confirmation: null })) }, 'PLAN_WEAKER_EVIDENCE');
    const altered = withSet({ ...other, defense: 'gauss(0.1)' });
    expect(() => verifyId(altered)).toThrow(
      expect.objectContaining({ code: 'PLAN_ALTERED', message: expect.stringContaining(other.planId) }),
    );
  });

  it('ends with the first of its routes that ends', () => {
    const ending = withSet(named({ ...other, expires: '2026-06-01T00:00:00.000Z' }));
    requireInTime(ending, Date.parse('2026-05-31'));
    expect(() => requireInTime(ending, Date.parse('2026-06-02'))).toThrow(
      expect.objectContaining({ code: 'PLAN_EXPIRED' }),
    );
  });

  it('is covered by the signature of the plan, and stays as it was when that is signed anew', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const key = { id: keyId(publicKey), key: publicKey };
    const signed = signPlan(plan, { id: key.id, key: privateKey }, { serial: 99 });
    verifyId(signed);
    verifySignature(signed, [key]);
    expect(signed.safeSet).toEqual(plan.safeSet);
    const [first, ...rest] = signed.safeSet!;
    const changed = { ...signed, safeSet: [{ ...first!, codec: 'uint8' as const }, ...rest] };
    expect(() => verifySignature(changed, [key])).toThrow(expect.objectContaining({ code: 'PLAN_ALTERED' }));
  });

  it('tells in words which routes came, went and changed', () => {
    expect(planDiff(sample, plan).map((c) => c.words)).toEqual([
      'Safe set: a route more: ReLU3, none, float32.',
      'Safe set: a route more: all on the device.',
    ]);
    const dearer = named({ ...other, predicted: { ...other.predicted, wireBytes: 8600 } });
    expect(planDiff(plan, withSet(dearer)).map((c) => c.words)).toEqual([
      'Safe set, ReLU3, none, float32: Bytes of a message: 4300 B → 8600 B (+100 %).',
      'Safe set: no longer: all on the device.',
    ]);
  });
});
