import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evidenceGap, parsePlan, readPlan, verifyPlan } from '../../src/plan/index.ts';
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

  const e = samplePlan().evidence!;
  it.each([
    ['no evidence', null],
    ['evidence for another cut', { ...e, cut: 'elsewhere' }],
    ['evidence for another defense', { ...e, defense: 'other' }],
    ['evidence for a lossier codec', { ...e, codec: 'uint8' as const }],
    ['evidence for another threat', { ...e, threat: 'query-free' as const }],
    ['an interval that reaches over the threshold', { ...e, ssim: { ...e.ssim, high: 0.31 } }],
  ])('refuses %s', (_, evidence) => {
    expect(() => verifyPlan({ ...samplePlan(), evidence })).toThrow(
      expect.objectContaining({ code: 'PLAN_WITHOUT_EVIDENCE' }),
    );
    verifyPlan({ ...samplePlan(), evidence }, { requireEvidence: false });
  });

  it('needs no evidence where nothing is sent', () => {
    const plan = samplePlan();
    expect(evidenceGap({ ...plan, cut: { ...plan.cut, id: 'output' }, evidence: null, tail: null })).toBeUndefined();
  });

  it('takes float32 evidence for a lossy codec', () => {
    expect(evidenceGap({ ...samplePlan(), codec: 'uint8+deflate' })).toBeUndefined();
  });
});
