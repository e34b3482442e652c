/** `cutline config`: what a start would find wrong is found before there is one, and nothing is written or called. */
import { generateKeyPairSync } from 'node:crypto';
import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runConfigCheck } from '../../src/cli/run-config-check.ts';
import { configSchemaOf } from '../../src/cli/run-config-schema.ts';
import { signPlan } from '../../src/plan/index.ts';
import { type Deployment, deploy } from '../e2e/support/deployment.ts';
import { newKey } from '../e2e/support/keys.ts';
import { leastProtocol } from '../support/evidence.ts';
import { cutline } from './workshop.ts';

let d: Deployment;
beforeAll(async () => {
  d = await deploy({ images: 1 });
  await d.config('least.yaml', leastProtocol);
  await writeFile(join(d.folder, 'garbage.pem'), 'no certificate\n');
  await writeFile(join(d.folder, 'open'), 'secret-word\n', { mode: 0o644 });
});
afterAll(() => d?.remove());

const base = () => ({
  broker: { url: 'mqtt://127.0.0.1:1' },
  fleet: 'yard',
  device: 'cam-1',
  plan: 'plan.json',
  protocol: './least.yaml',
  images: ['images'],
});
const check = async (settings: object, env: Record<string, string> = {}) => {
  const path = await d.config('checked.yaml', { ...base(), ...settings });
  return runConfigCheck(path, undefined, { env, set: [] });
};
const dashboard = async (settings: object) => {
  const broker = { url: 'mqtt://127.0.0.1:1' };
  const right = { broker, fleet: 'yard', plans: ['plan.json'], http: { tokenFile: 'token' } };
  const path = await d.config('dashboard.yaml', { ...right, ...settings });
  return runConfigCheck(path, undefined, { env: {}, set: [] });
};

describe('cutline config check', () => {
  it('says what is right, and what could be safer', async () => {
    const before = await readdir(d.folder);
    const path = await d.config('agent.yaml', base());
    const { code, stdout, stderr } = await cutline('config', 'check', path, '--json', '--set', 'inFlight=2');
    expect([code, stderr]).toEqual([0, '']);
    const { planId } = d.plan;
    expect(JSON.parse(stdout)).toMatchObject({
      format: 'cutline.config-check/1',
      of: 'agent',
      device: 'cam-1',
      plans: [{ planId }],
    });
    expect(JSON.parse(stdout).warnings.join('\n')).toMatch(/planKeys.*\n.*messageKeys.*\n.*TLS/);
    const { device: _d, protocol: _p, images: _i, ...consumer } = base();
    const other = await d.config('consumer.yaml', consumer);
    expect(await runConfigCheck(other, undefined, { env: {}, set: [] })).toMatchObject({
      of: 'consumer',
      device: null,
    });
    expect((await readdir(d.folder)).sort()).toEqual([...before, 'agent.yaml', 'consumer.yaml'].sort());
  });

  it.each([
    ['a certificate that is none', { broker: { url: 'mqtts://127.0.0.1:1', caFile: 'garbage.pem' } }, /garbage\.pem/],
    ['a password that others may read', { broker: { url: 'mqtt://h:1', username: 'u', passwordFile: 'open' } }, /600/],
    ['a token that others may read', { http: { host: '0.0.0.0', tokenFile: 'open' } }, /600/],
    [
      'a token of a sink that is not there',
      { sinks: [{ type: 'webhook', url: 'https://h/', tokenFile: 'none' }] },
      /none/,
    ],
    ['keys that are not there', { planKeys: ['none.pem'] }, /none\.pem/],
    ['keys of messages that are not there', { messageKeys: 'none.keys' }, /none\.keys/],
    ['a plan that is not there', { plan: 'none.json' }, /none\.json/],
    ['a head that is another file', { head: 'tail.onnx' }, /digest|sha|head/i],
    ['pictures that are not there', { images: ['none'] }, /none/],
    ['a protocol that the plan does not meet', { protocol: 'strict' }, /strict/],
    ['a key of the outbox that is not there', { outbox: { path: 'box', keyFile: 'none.key' } }, /none\.key/],
    [
      'a budget without a mechanism to count',
      { privacyBudget: { ledger: 'l', epsilon: 1, delta: 0.1, windowHours: 1 } },
      /ε/,
    ],
    ['two summaries on one output', { sinks: [{ type: 'stdout' }, { type: 'stdout' }] }, /stdout/],
  ])('finds %s', async (_, settings, message) => {
    const error = await check(settings).catch((e: unknown) => e);
    expect(error).toMatchObject({ exit: 2, message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain('secret-word');
  });

  it('says of a dashboard what is right and what could be safer', async () => {
    await writeFile(join(d.folder, 'token'), `${'x'.repeat(32)}\n`, { mode: 0o600 });
    expect(await dashboard({})).toMatchObject({
      of: 'dashboard',
      device: null,
      plans: [{ planId: d.plan.planId, cut: d.plan.cut.id }],
      warnings: [expect.stringMatching(/username/), expect.stringMatching(/TLS/)],
    });
    const http = { host: '0.0.0.0', tokenFile: 'token' };
    expect((await dashboard({ http })).warnings[0]).toMatch(/proxy/);
    // A consumer that lacks its plan is none.
    await expect(dashboard({ share: 'auto' })).rejects.toThrow(/plan/);
  });

  it.each<[string, object, RegExp]>([
    ['a token that others may read', { http: { tokenFile: 'open' } }, /600/],
    ['a token that is soon guessed', { http: { tokenFile: 'short' } }, /5 characters; make one of 16/],
    ['a token that no header carries', { http: { tokenFile: 'words' } }, /words.*no token/],
    ['no token', { http: { port: 1 } }, /http\.tokenFile/],
    ['a setting that there is not', { maxDevice: 5 }, /^\S+: maxDevice: unknown key\.$/],
    ['a plan that is not there', { plans: ['none.json'] }, /none\.json/],
    ['a plan that nobody signed', { planKeys: ['plan.pub'] }, /sign/],
    ['a device with a wildcard', { devices: ['+'] }, /devices\.0/],
    ['no room', { maxDevices: 0 }, /maxDevices/],
    ['a key that is none', { planKeys: ['garbage.pem'] }, /garbage\.pem/],
  ])('finds of a dashboard %s', async (_, settings, message) => {
    await writeFile(join(d.folder, 'short'), 'hello\n', { mode: 0o600 });
    await writeFile(join(d.folder, 'words'), 'a pässword of many words\n', { mode: 0o600 });
    const { publicKey } = generateKeyPairSync('ed25519');
    await writeFile(join(d.folder, 'plan.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const error = await dashboard(settings).catch((e: unknown) => e);
    expect(error).toMatchObject({ exit: 2, message: expect.stringMatching(message) });
  });

  it.each([
    ['updates', { planKeys: ['plan.pub'], updates: { folder: 'plan.json' } }],
    ['updates', { planKeys: ['plan.pub'], updates: { folder: 'plan.json/updates' } }],
    ['outbox', { outbox: { path: 'plan.json' } }],
  ])('finds a file in the place of the folder of %s', async (_, settings) => {
    const { key, pem } = newKey();
    await writeFile(join(d.folder, 'plan.pub'), pem);
    await writeFile(join(d.folder, 'signed.json'), JSON.stringify(signPlan(d.plan, key, { serial: 1 })));
    const path = await d.config('agent.yaml', { ...base(), ...settings, plan: 'signed.json' });
    const error = await runConfigCheck(path, 'agent', { env: {}, set: [] }).catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      message: expect.stringMatching(/plan\.json.*: cannot write/),
    });
  });

  it('finds a consumer’s tail that was altered', async () => {
    const other = await deploy({ images: 1 });
    await appendFile(join(other.folder, 'tail.onnx'), 'x');
    const { device: _d, protocol: _p, images: _i, ...consumer } = base();
    const path = await other.config('consumer.yaml', consumer);
    const error = await runConfigCheck(path, 'consumer', { env: {}, set: [] }).catch((e: unknown) => e);
    expect(error).toMatchObject({ exit: 2, message: expect.stringMatching(/tail/) });
    await other.remove();
  });

  it('takes the environment as a start does', async () => {
    expect(await check({}, { CUTLINE_FLEET: 'farm' })).toMatchObject({ fleet: 'farm' });
    await expect(check({}, { CUTLINE_FLEAT: 'farm' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('cutline config schema', () => {
  it('prints what editors take', async () => {
    const { code, stdout } = await cutline('config', 'schema', 'agent');
    expect(code).toBe(0);
    const schema = JSON.parse(stdout);
    expect(schema).toEqual(JSON.parse(JSON.stringify(configSchemaOf('agent'))));
    expect(schema.$schema).toMatch(/json-schema\.org/);
    expect(schema.required.sort()).toEqual(['broker', 'device', 'fleet', 'plan']);
    expect(schema.additionalProperties).toBe(false);
    expect(schema.properties.qos).toMatchObject({ default: 0 });
  });

  it('asks which of the two', async () => {
    expect(await cutline('config', 'schema', 'broker')).toMatchObject({ code: 2 });
    expect(await cutline('config')).toMatchObject({ code: 2, stderr: expect.stringMatching(/check or schema/) });
  });
});
