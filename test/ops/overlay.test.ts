import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consumerConfigSchema, readConsumerConfig } from '../../src/cloud/index.ts';
import { agentConfigSchema, readAgentConfig } from '../../src/device/index.ts';
import { dashboardConfigSchema } from '../../src/fleet/index.ts';
import { settingPaths, variableOf } from '../../src/ops/index.ts';

let path: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cutline-overlay-'));
  path = join(folder, 'agent.yaml');
  await writeFile(path, 'broker: {url: "mqtt://file:1"}\nfleet: yard\ndevice: cam-1\nplan: plan.json\nqos: 1\n');
});
afterAll(() => rm(join(path, '..'), { recursive: true }));

const read = async (env: Record<string, string>, ...set: string[]) =>
  (await readAgentConfig(path, { env, set })).config;
const refused = (env: Record<string, string>, ...set: string[]) => read(env, ...set).catch((e: unknown) => e);

describe('settings', () => {
  it('of flags count more than those of the environment, those more than the file, that more than defaults', async () => {
    expect(await read({})).toMatchObject({ broker: { url: 'mqtt://file:1', keepaliveS: 15 }, qos: 1 });
    const env = { CUTLINE_BROKER_URL: 'mqtt://env:1', CUTLINE_QOS: '0', CUTLINE_BROKER_KEEPALIVE_S: '20' };
    expect(await read(env)).toMatchObject({ broker: { url: 'mqtt://env:1', keepaliveS: 20 }, qos: 0 });
    const both = await read(env, 'broker.url=mqtt://flag:1', 'broker.username=a=b');
    expect(both).toMatchObject({ broker: { url: 'mqtt://flag:1', username: 'a=b', keepaliveS: 20 }, qos: 0 });
  });

  it('of parts that the file has not make those parts, and lists and whole parts are YAML', async () => {
    const env = {
      CUTLINE_HTTP_PORT: '0',
      CUTLINE_SOURCE_TYPE: 'http',
      CUTLINE_SINKS: '[{type: stdout}, {type: webhook, url: "https://h/x"}]',
      CUTLINE_PLAN_KEYS: '[a.pem]',
      CUTLINE_PRIVACY_BUDGET: '{ledger: l, epsilon: 1, delta: 0.001, windowHours: 2}',
      CUTLINE_PRIVACY_BUDGET_EPSILON: '3',
    };
    expect(await read(env)).toMatchObject({
      http: { host: '127.0.0.1', port: 0 },
      source: { type: 'http', port: 8750 },
      sinks: [{ type: 'stdout' }, { type: 'webhook' }],
      planKeys: ['a.pem'],
      privacyBudget: { epsilon: 3, windowHours: 2 },
    });
  });

  it('that are text stay text whatever they look like', async () => {
    const env = { CUTLINE_DEVICE: '007', CUTLINE_BROKER_USERNAME: 'yes', CUTLINE_BROKER_PROTOCOL: '5' };
    expect(await read(env)).toMatchObject({ device: '007', broker: { username: 'yes', protocol: '5' } });
  });

  it.each([
    [{ CUTLINE_BROKER_URL: 'http://x' }, [], 'CONFIG_INVALID', /CUTLINE_BROKER_URL, broker\.url: expected mqtt:/],
    [{ CUTLINE_QOS: 'many' }, [], 'CONFIG_INVALID', /CUTLINE_QOS, qos: /],
    [{ CUTLINE_QOS: '' }, [], 'CONFIG_INVALID', /CUTLINE_QOS, qos: /],
    [{ CUTLINE_SINKS: '[{type: nothing}]' }, [], 'CONFIG_INVALID', /CUTLINE_SINKS, sinks\.0/],
    [{ CUTLINE_SINKS: '[}' }, [], 'CONFIG_INVALID', /CUTLINE_SINKS, sinks: /],
    [
      { CUTLINE_BROKER_URI: 'x' },
      [],
      'CONFIG_INVALID',
      /CUTLINE_BROKER_URI: no such setting; near it: CUTLINE_BROKER_URL/,
    ],
    [{ CUTLINE_QUEUE: '3' }, [], 'CONFIG_INVALID', /CUTLINE_QUEUE: no such setting/],
    [{}, ['broker.url'], 'USAGE', /expected PATH=VALUE/],
    [{}, ['broker.ulr=x'], 'USAGE', /broker\.ulr: no such setting; near it: broker\.url/],
    [{}, ['__proto__.x=1'], 'USAGE', /no such setting/],
    [{}, ['device=+'], 'CONFIG_INVALID', /--set, device: /],
    [{ CUTLINE_HTTP_HOST: '0.0.0.0' }, [], 'CONFIG_INVALID', /http\.tokenFile: needed/],
  ] as const)('that are wrong are named with where they came from: %j %j', async (env, set, code, message) => {
    expect(await refused(env, ...set)).toMatchObject({ code, exit: 2, message: expect.stringMatching(message) });
  });

  it('have each a variable of its own', () => {
    for (const schema of [agentConfigSchema, consumerConfigSchema, dashboardConfigSchema]) {
      const names = [...settingPaths(schema).values()].map(({ path: at }) => variableOf(at));
      expect(names.length).toBeGreaterThan(20);
      expect(names.filter((name, i) => names.indexOf(name) < i)).toEqual([]);
    }
  });

  it('of a consumer come from the environment, too', async () => {
    const file = join(path, '..', 'consumer.yaml');
    await writeFile(file, 'plan: plan.json\n');
    const env = { CUTLINE_BROKER_URL: 'mqtt://env:1', CUTLINE_FLEET: 'yard', CUTLINE_TFJS: 'x' };
    const { config } = await readConsumerConfig(file, { env, set: ['concurrency=3'] });
    expect(config).toMatchObject({ broker: { url: 'mqtt://env:1' }, fleet: 'yard', concurrency: 3 });
  });
});
