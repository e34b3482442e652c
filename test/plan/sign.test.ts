import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKeys } from '../../src/cli/make-keys.ts';
import { runPlanSign } from '../../src/cli/run-plan-sign.ts';
import {
  idOfPlan,
  openPlan,
  type Plan,
  planDiff,
  readPublicKey,
  readSigningKey,
  requireInTime,
  signPlan,
} from '../../src/plan/index.ts';
import { samplePlan } from './sample.ts';

const nowMs = Date.parse('2026-03-01T00:00:00Z');
let dir: string;
const at = (...names: string[]) => join(dir, ...names);
const made = (): Plan => ({ ...samplePlan(), planId: idOfPlan(samplePlan()) });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cutline-sign-'));
  await makeKeys(at('keys'), 'plan');
  await makeKeys(at('keys'), 'stranger');
});
afterAll(() => rm(dir, { recursive: true }));

let count = 0;
/** Opens it as an agent does that trusts `plan.pub`; `state` is the agent's memory. */
async function open(plan: Plan, { keys = ['plan.pub'], now = nowMs, state = `state-${count++}.json` } = {}) {
  const path = at(`plan-${count++}.json`);
  await writeFile(path, JSON.stringify(plan));
  const settings = { plan: path, planKeys: keys.map((k) => at('keys', k)), planState: state };
  const opened = await openPlan(settings, dir, () => now);
  await opened.commit();
  return opened.plan;
}

const signed = async (plan: Plan, name = 'plan', issue = {}) =>
  signPlan(plan, await readSigningKey(at('keys', `${name}.key`)), issue);

describe('keys', () => {
  it('are readable by their owner alone, and never written over', async () => {
    expect((await stat(at('keys', 'plan.key'))).mode & 0o777).toBe(0o600);
    const before = await readFile(at('keys', 'plan.key'));
    await expect(makeKeys(at('keys'), 'plan')).rejects.toMatchObject({ code: 'KEY_EXISTS' });
    expect(await readFile(at('keys', 'plan.key'))).toEqual(before);
    await expect(makeKeys(at('keys'), '../plan')).rejects.toMatchObject({ code: 'USAGE' });
    await writeFile(at('keys', 'half.pub'), '');
    await expect(makeKeys(at('keys'), 'half')).rejects.toMatchObject({ code: 'KEY_EXISTS' });
    await expect(stat(at('keys', 'half.key'))).rejects.toThrow();
  });

  it('of another kind, in another’s reach, encrypted or in the wrong place are refused', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(at('rsa.pub'), rsa.publicKey.export({ type: 'spki', format: 'pem' }));
    await expect(readPublicKey(at('rsa.pub'))).rejects.toThrow(/key for rsa/);
    await expect(readPublicKey(at('keys', 'plan.key'))).rejects.toThrow(/private key/);
    await writeFile(at('nonsense.pub'), 'nothing');
    await expect(readPublicKey(at('nonsense.pub'))).rejects.toMatchObject({ code: 'KEY_INVALID' });
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    await writeFile(at('locked.key'), pem, { mode: 0o600 });
    await expect(readSigningKey(at('locked.key'))).rejects.toThrow(/passphrase/);
    await writeFile(at('open.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await chmod(at('open.key'), 0o644);
    await expect(readSigningKey(at('open.key'))).rejects.toMatchObject({ code: 'SECRET_EXPOSED' });
  });
});

describe('a signed plan', () => {
  it('runs where its key is trusted', async () => {
    expect(await open(await signed(made()))).toMatchObject({ serial: 7 });
    expect(await open(await signed(made()), { keys: ['stranger.pub', 'plan.pub'] })).toMatchObject({ serial: 7 });
  });

  it('is refused unsigned, by a stranger, or changed in any field', async () => {
    await expect(open(made())).rejects.toMatchObject({ code: 'PLAN_UNSIGNED' });
    await expect(open(await signed(made(), 'stranger'))).rejects.toMatchObject({ code: 'PLAN_KEY_UNKNOWN' });
    const plan = await signed(made());
    for (const key of Object.keys(plan).filter(
      (k) => !['format', 'planId', 'signature'].includes(k),
    ) as (keyof Plan)[]) {
      const other = structuredClone(plan) as Record<string, unknown>;
      other[key] = changed(other[key]);
      // Whoever changes it knows how ids are made.
      other.planId = idOfPlan(other as Plan);
      const outcome = await open(other as Plan).catch((e: { code: string }) => e.code);
      expect(['PLAN_ALTERED', 'PLAN_INVALID'], key).toContain(outcome);
    }
    const borrowed = { ...plan, signature: (await signed({ ...made(), serial: 8 })).signature! };
    await expect(open(borrowed)).rejects.toMatchObject({ code: 'PLAN_ALTERED' });
  });

  it('does not depend on the order of keys in the file, nor on the search beside it', async () => {
    const plan = await signed(made());
    const turned = Object.fromEntries(Object.entries(plan).reverse()) as unknown as Plan;
    expect(await open({ ...turned, candidates: [] })).toMatchObject({ serial: 7 });
  });

  it('without keys is held against its own id only', async () => {
    expect(await open(made(), { keys: [] })).toMatchObject({ serial: 7 });
    await expect(open({ ...made(), codec: 'float16' }, { keys: [] })).rejects.toMatchObject({ code: 'PLAN_ALTERED' });
  });

  it('ends when it says so', async () => {
    const plan = await signed(made(), 'plan', { expires: new Date(nowMs + 1000) });
    expect(await open(plan)).toMatchObject({ expires: '2026-03-01T00:00:01.000Z' });
    await expect(open(plan, { now: nowMs + 1000 })).rejects.toMatchObject({ code: 'PLAN_EXPIRED' });
    expect(() => requireInTime(plan, nowMs + 999)).not.toThrow();
  });

  it('is refused where a newer one ran, until it is issued anew', async () => {
    const state = 'one-agent.json';
    const [older, newer] = [await signed(made()), await signed({ ...made(), serial: 8 })];
    await open(older, { state });
    await open(newer, { state });
    await open(newer, { state });
    await expect(open(older, { state })).rejects.toMatchObject({ code: 'PLAN_OLDER' });
    const twin = await signed({ ...made(), serial: 8 }, 'plan', { expires: new Date(nowMs + 1e9) });
    await expect(open(twin, { state })).rejects.toMatchObject({ code: 'PLAN_OLDER' });
    expect(await open(await signed(older, 'plan', { serial: 9 }), { state })).toMatchObject({ serial: 9 });
    await writeFile(at(state), '{"format":"cutline.plan-state/1"');
    await expect(open(newer, { state })).rejects.toMatchObject({ code: 'PLAN_STATE_INVALID' });
  });
});

describe('cutline plan sign', () => {
  it('writes the plan with its end and a new serial, and no plan that was changed', async () => {
    await writeFile(at('p.json'), JSON.stringify(made()));
    const options = {
      plan: at('p.json'),
      key: at('keys', 'plan.key'),
      expiresIn: '2d',
      newSerial: true,
      out: undefined,
    };
    const said = await runPlanSign(options, nowMs);
    expect(said).toMatchObject({ serial: nowMs, expires: '2026-03-03T00:00:00.000Z' });
    const plan = JSON.parse(await readFile(at('p.json'), 'utf8')) as Plan;
    expect(await open(plan)).toMatchObject({ planId: said.planId });
    await writeFile(at('p.json'), JSON.stringify({ ...plan, defense: 'gauss(sd=1)' }));
    await expect(runPlanSign(options, nowMs)).rejects.toMatchObject({ code: 'PLAN_ALTERED' });
  });
});

describe('the difference of two plans', () => {
  it('is told in words, and is empty for the same', async () => {
    const a = made();
    expect(planDiff(a, a)).toEqual([]);
    const b = structuredClone(a);
    Object.assign(b, { codec: 'float16', serial: 9 });
    Object.assign(b.predicted.latencyMs, { total: 5 });
    Object.assign(b.thresholds, { maxSsim: 0.25, maxBytes: 100 });
    const words = planDiff(a, await signed(b)).map((c) => c.words);
    expect(words).toHaveLength(6);
    expect(words.join(' ')).toMatch(
      /codec: float32 → float16.*maxSsim: 0\.3 → 0\.25.*maxBytes: nothing → 100.*10 ms → 5 ms \(-50 %\).*newer: serial 7 → 9.*nobody →/,
    );
  });
});

/** Some other value of the same kind, so that the schema has least to say. */
function changed(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return value.startsWith('2026') ? '2027-01-02T03:04:05.000Z' : `${value}x`;
  if (Array.isArray(value)) return value.length > 0 ? [changed(value[0]), ...value.slice(1)] : [1];
  if (value === null) return {};
  const [[key, first] = ['x', 0], ...rest] = Object.entries(value as object);
  return { [key]: changed(first), ...Object.fromEntries(rest) };
}
