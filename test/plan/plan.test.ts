import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Evidence, evidenceGap, type Plan, parsePlan, readPlan, verifyPlan } from '../../src/plan/index.ts';
import { leastProtocol } from '../support/evidence.ts';
import { samplePlan } from './sample.ts';

let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'cutline-plan-'))));
afterAll(() => rm(dir, { recursive: true }));

async function written(value: unknown): Promise<string> {
  const path = join(dir, 'plan.json');
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

describe('reading a plan', () => {
  it('reads back what was written', async () => {
    expect(await readPlan(await written(samplePlan()))).toEqual(samplePlan());
  });

  it('names a missing file', async () => {
    await expect(readPlan(join(dir, 'nowhere.json'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND', exit: 2 });
  });

  it('says the path of an unknown key', async () => {
    const plan = samplePlan();
    const path = await written({ ...plan, cut: { ...plan.cut, colour: 'red' } });
    await expect(readPlan(path)).rejects.toMatchObject({
      code: 'PLAN_INVALID',
      message: expect.stringContaining('cut.colour: unknown key'),
    });
  });

  it('says the path of a wrong value', async () => {
    const plan = samplePlan();
    const path = await written({ ...plan, thresholds: { ...plan.thresholds, maxSsim: 'low' } });
    await expect(readPlan(path)).rejects.toThrow(/thresholds\.maxSsim: expected number/);
  });

  it('refuses text that is not JSON', async () => {
    await expect(readPlan(await written('{"format": '))).rejects.toMatchObject({ code: 'PLAN_INVALID' });
  });

  it.each(['../head.onnx', '/etc/passwd', '.hidden', 'a/b', ''])('refuses a head outside its folder: %s', (file) => {
    const plan = samplePlan();
    expect(() => parsePlan({ ...plan, head: { ...plan.head, file } }, 'mqtt')).toThrow(/head\.file: expected a bare/);
  });

  it.each<[string, object, RegExp]>([
    ['without the answer of its tail', { answer: undefined }, /answer: a plan with a tail says what the tail answers/],
    ['with an answer of texts', { answer: [{ name: 'y', dtype: 'string', shape: [1] }] }, /answer\.0\.dtype/],
    ['with an answer of no fixed size', { answer: [{ name: 'y', dtype: 'int64', shape: [null] }] }, /answer\.0\.shape/],
    [
      'with two outputs of one name',
      { answer: Array(2).fill({ name: 'y', dtype: 'bool', shape: [1] }) },
      /answer: two outputs of one name/,
    ],
  ])('refuses one %s', (_, change, words) => {
    expect(() => parsePlan({ ...samplePlan(), ...change }, 'mqtt')).toThrow(words);
  });

  it('asks for no answer where nothing is sent', () => {
    const { answer: _, ...rest } = samplePlan();
    expect(parsePlan({ ...rest, tail: null }, 'mqtt')).toEqual({ ...rest, tail: null });
  });

  it('answers any JSON value with a plan or a coded error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => parsePlan(value, 'wire')).toThrow(expect.objectContaining({ code: 'PLAN_INVALID' }));
      }),
    );
  });
});

describe('verifying a plan', () => {
  it('accepts the right files and evidence below the threshold', () => {
    const plan = samplePlan();
    verifyPlan(plan, { modelSha256: plan.model.sha256, headSha256: plan.head!.sha256, tailSha256: plan.tail!.sha256 });
  });

  it('refuses another model', () => {
    expect(() => verifyPlan(samplePlan(), { modelSha256: 'f'.repeat(64) })).toThrow(
      expect.objectContaining({ code: 'PLAN_OTHER_MODEL' }),
    );
  });

  it('refuses another head or tail', () => {
    for (const part of ['headSha256', 'tailSha256']) {
      expect(() => verifyPlan(samplePlan(), { [part]: 'f'.repeat(64) })).toThrow(
        expect.objectContaining({ code: 'PLAN_OTHER_FILE' }),
      );
    }
  });

  const [e] = samplePlan().evidence as [Evidence];
  const protocol = leastProtocol;
  const refused = (evidence: Plan['evidence'], code: string, thresholds = samplePlan().thresholds) =>
    expect(() => verifyPlan({ ...samplePlan(), evidence, thresholds }, { protocol })).toThrow(
      expect.objectContaining({ code, exit: 2 }),
    );

  it.each<[string, Plan['evidence']]>([
    ['no evidence', []],
    ['evidence for another cut', [{ ...e, cut: 'elsewhere' }]],
    ['evidence for another defense', [{ ...e, defense: 'other' }]],
    ['evidence for a lossier codec', [{ ...e, codec: 'uint8' }]],
    ['evidence for another threat', [{ ...e, observer: { threat: 'query-free', observations: 1 } }]],
    ['evidence for another hop', [{ ...e, hop: 1 }]],
    ['an interval that reaches over the threshold', [{ ...e, ssim: { ...e.ssim, high: 0.31 } }]],
    ['one observer of two who sees too much', [e, { ...e, ssim: { ...e.ssim, high: 0.31 } }]],
  ])('refuses %s', (_, evidence) => {
    refused(evidence, 'PLAN_WITHOUT_EVIDENCE');
    verifyPlan({ ...samplePlan(), evidence });
  });

  it.each<[string, Plan['evidence']]>([
    ['fewer victims', [{ ...e, images: 49 }]],
    ['an attack that was not run', [{ ...e, attacks: [{ name: 'answer' }] }]],
    ['an attack with a smaller budget', [{ ...e, attacks: [{ name: 'rmle', iterations: 9 }] }]],
    ['an attack whose budget nobody knows', [{ ...e, attacks: [{ name: 'rmle' }] }]],
    ['a smaller gallery', [{ ...e, reidentification: { ...e.reidentification!, gallery: 99 } }]],
    ['no confirmation', [{ ...e, confirmation: null }]],
    ['fewer confirming victims', [{ ...e, confirmation: { ...e.confirmation!, images: 49 } }]],
    ['a confirmation that errs more often', [{ ...e, confirmation: { ...e.confirmation!, confidence: 0.95 } }]],
  ])('refuses evidence of a weaker protocol: %s', (_, evidence) => refused(evidence, 'PLAN_WEAKER_EVIDENCE'));

  it('counts victims of whom nothing was found out, and attacks that do not apply', () => {
    verifyPlan({ ...samplePlan(), evidence: [{ ...e, images: 48, missed: 2 }] }, { protocol });
    const attacks = [{ name: 'rmle', inapplicable: 'It has no gradient.' }];
    verifyPlan({ ...samplePlan(), evidence: [{ ...e, attacks }] }, { protocol });
  });

  it('asks for each number of observations where anything is random', () => {
    const twice = { ...protocol, observations: [1, 16] };
    const random = { ...e, deterministic: false };
    const many = { ...random, observer: { ...e.observer, observations: 16 } };
    const verify = (evidence: Plan['evidence']) => verifyPlan({ ...samplePlan(), evidence }, { protocol: twice });
    verify([e]);
    verify([random, many]);
    expect(() => verify([random])).toThrow(expect.objectContaining({ code: 'PLAN_WEAKER_EVIDENCE' }));
  });

  it('holds the rules of the protocol and the gain over the answer', () => {
    const strict = { ...protocol, rules: { worstDecileAbove: 0.05, rank1: 0.25, sameLabel: 0.5 } };
    const verify = (over: Partial<Evidence>, maxGain?: number) =>
      verifyPlan(
        { ...samplePlan(), evidence: [{ ...e, ...over }], thresholds: { ...samplePlan().thresholds, maxGain } },
        { protocol: strict },
      );
    verify({});
    expect(() => verify({ ssim: { ...e.ssim, worstDecile: 0.36 } })).toThrow(/worst tenth/);
    expect(() => verify({ reidentification: { ...e.reidentification!, high: 0.26 } })).toThrow(/26 %.*25 %/);
    expect(() => verify({ sameLabel: { share: 0.5, low: 0.4, high: 0.6 } })).toThrow(/keep their label/);
    const over = { overAnswer: { mean: 0.02, low: 0, high: 0.04 } };
    verify(over, 0.05);
    expect(() => verify(over, 0.03)).toThrow(/gains up to SSIM 0.04 over the answer/);
    expect(() => verify({}, 0.03)).toThrow(/no answer attack/);
  });

  it('accepts nothing by a protocol that can only refuse', () => {
    expect(() => verifyPlan(samplePlan(), { protocol: { ...protocol, accepts: false } })).toThrow(/can only refuse/);
  });

  it('needs no evidence where nothing is sent', () => {
    const plan = samplePlan();
    const cut = { ...plan.cut, id: 'output' };
    expect(evidenceGap({ ...plan, cut, evidence: [], tail: null }, protocol)).toBeUndefined();
  });

  it('takes float32 evidence for a lossy codec', () => {
    expect(evidenceGap({ ...samplePlan(), codec: 'uint8+deflate' }, protocol)).toBeUndefined();
  });
});
