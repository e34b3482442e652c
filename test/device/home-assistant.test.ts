/** The device as Home Assistant would see it: what is announced holds of what is said, and somebody who listens plays Home Assistant. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  birthTopic,
  brokerSettingsSchema,
  connectOptions,
  discoveryTopic,
  homeAssistantId,
  readAccounts,
  startBroker,
} from '../../src/broker/index.ts';
import { addAccount } from '../../src/cli/broker-accounts.ts';
import { openHomeAssistant } from '../../src/device/home-assistant/home-assistant.ts';
import { homeAssistantSchema } from '../../src/device/home-assistant/index.ts';
import { agentConfigSchema } from '../../src/device/index.ts';
import { type Deployment, deploy } from '../e2e/support/deployment.ts';
import { type BrokerKind, type Fleet, fleet } from '../e2e/support/fleet.ts';
import { mosquittoMissing } from '../e2e/support/processes.ts';

const missing = mosquittoMissing();
if (missing) console.warn(`SKIPPED: Home Assistant is played on the embedded broker alone: ${missing}.`);
const kind: BrokerKind = missing ? 'aedes' : 'mosquitto';

interface Component {
  readonly platform: string;
  readonly unique_id: string;
  readonly state_topic: string;
  readonly value_template: string;
  readonly availability_topic?: string;
}
interface Discovery {
  readonly device: { readonly identifiers: string[]; readonly name: string };
  readonly origin: { readonly name: string };
  readonly components: Readonly<Record<string, Component>>;
}

let d: Deployment;
let f: Fleet;
let home: MqttClient;
let heard: { topic: string; text: string; retain: boolean }[] = [];
beforeAll(async () => {
  d = await deploy({ images: 3 });
});
afterAll(() => d?.remove());
afterEach(async () => {
  await home?.endAsync();
  await f?.end();
});

const id = homeAssistantId('yard', 'cam-1');
const config = discoveryTopic('homeassistant', id);
const last = (topic: string) => heard.findLast((m) => m.topic === topic);

async function play(
  kind: BrokerKind,
  settings: object,
  before: (home: MqttClient) => Promise<unknown> = async () => {},
) {
  heard = [];
  f = await fleet(kind, d);
  await f.broker();
  await f.consumer();
  home = await connectAsync(f.url);
  await before(home);
  home.on('message', (topic, payload, { retain }) => heard.push({ topic, text: payload.toString(), retain }));
  // As it does (mqtt/discovery.py): every kind of component, with and without a name before.
  for (const topic of ['homeassistant/+/+/config', 'homeassistant/+/+/+/config']) await home.subscribeAsync(topic);
  const source = { type: 'watch', folder: 'images', settleMs: 0 };
  return f.agent({ images: [], source, healthS: 1, homeAssistant: settings, sinks: [] });
}

describe('Home Assistant', () => {
  it('finds a device, whose values are where and what it was told, and finds it again when it starts anew', {
    timeout: 30_000,
  }, async () => {
    const agent = await play(kind, {});
    await expect.poll(() => last(config)?.text, { timeout: 10_000 }).toContain('components');
    const { device, origin, components } = JSON.parse(last(config)!.text) as Discovery;
    expect(device).toMatchObject({ identifiers: [id], name: 'cam-1', manufacturer: 'Cutline' });
    expect(origin.name).toBe('cutline');
    const ids = Object.values(components).map((c) => c.unique_id);
    expect(new Set(ids).size).toBe(6);
    expect(Object.values(components).map((c) => c.platform)).toEqual([...Array(5).fill('sensor'), 'binary_sensor']);
    for (const topic of new Set(Object.values(components).map((c) => c.state_topic))) await home.subscribeAsync(topic);
    const value = (name: string) => {
      const { state_topic, value_template } = components[name]!;
      const message = last(state_topic);
      return message && rendered(value_template, JSON.parse(message.text));
    };
    await expect.poll(() => value('latency'), { timeout: 10_000 }).toBeGreaterThan(0);
    expect(value('connection')).toBe('online');
    expect([null, 'number']).toContain(value('power') === null ? null : typeof value('power'));
    // A picture more, so that somebody hears of it.
    await writeFile(join(d.images, `${kind}.png`), await pictureOf(d));
    await expect.poll(() => value('label'), { timeout: 10_000 }).toMatch(/^\d$/);
    expect(value('score')).toBeGreaterThan(0);
    expect(value('score')).toBeLessThanOrEqual(100);
    // Of a picture nothing else is said.
    const label = components.label!.state_topic;
    expect(Object.keys(JSON.parse(last(label)!.text)).sort()).toEqual(['at', 'format', 'label', 'score']);
    const before = heard.filter((m) => m.topic === config).length;
    for (let i = 0; i < 50; i++) await home.publishAsync(birthTopic('homeassistant'), 'online');
    await home.publishAsync(birthTopic('homeassistant'), 'offline');
    await expect.poll(() => heard.filter((m) => m.topic === config).length, { timeout: 5000 }).toBeGreaterThan(before);
    expect(heard.filter((m) => m.topic === config).length).toBeLessThan(before + 5);
    await agent.stop('SIGKILL');
    await expect.poll(() => value('connection'), { timeout: 8000 }).toBe('offline');
    expect(components.connection!.availability_topic).toBeUndefined();
    expect(components.label!.availability_topic).toBe(components.connection!.state_topic);
  });
  it('loses a device that is taken out, and what the broker kept of it', { timeout: 30_000 }, async () => {
    const agent = await play('aedes', { remove: true }, (before) =>
      before.publishAsync(config, '{"device":{}}', { retain: true, qos: 1 }),
    );
    await agent.says('taken out');
    await expect.poll(() => last(config)?.text, { timeout: 5000 }).toBe('');
    const late = await connectAsync(f.url);
    const kept: string[] = [];
    late.on('message', (topic) => kept.push(topic));
    await late.subscribeAsync('homeassistant/#');
    await late.endAsync();
    expect(kept).toEqual([]);
  });

  it('is told only what the filter lets through', { timeout: 30_000 }, async () => {
    const agent = await play('aedes', { filter: { minScore: 1 }, everyS: 0.1 });
    await home.subscribeAsync('cutline/v1/yard/cam-1/label');
    await agent.says('announced');
    await home.subscribeAsync('cutline/v1/yard/cam-1/health');
    const answered = () => JSON.parse(last('cutline/v1/yard/cam-1/health')?.text ?? '{}').inferences?.answered;
    await expect.poll(answered, { timeout: 10_000 }).toBeGreaterThan(2);
    expect(last('cutline/v1/yard/cam-1/label')).toBeUndefined();
  });
});

describe('a broker whose account may not announce it', () => {
  it('is said once, with what was refused, and tried no more', { timeout: 15_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cutline-home-'));
    const common = { accounts: join(folder, 'accounts.json'), fleet: 'yard', out: folder };
    await addAccount({ ...common, role: 'device', device: 'cam-1' });
    const { accounts } = await readAccounts(common.accounts);
    const connected: string[] = [];
    const listen = { host: '127.0.0.1', port: 0, maxPacketBytes: 1 << 20, maxClients: 10 };
    const broker = await startBroker({ ...listen, accounts, log: (line) => connected.push(line) });
    const log: string[] = [];
    const settings = {
      ...brokerSettingsSchema.parse({ url: broker.url, username: 'cam-1', passwordFile: 'cam-1.password' }),
    };
    const connect = await connectOptions(settings, folder, { clientId: 'cutline-result-yard-cam-1-0' });
    const announced = { fleet: 'yard', device: 'cam-1', healthS: 1 };
    const opened = openHomeAssistant({
      ...announced,
      settings: homeAssistantSchema.parse({}),
      connect,
      log: (line) => log.push(line),
    });
    try {
      await expect
        .poll(() => log.join(), { timeout: 5000 })
        .toMatch(/not shown: .*refused.*--home-assistant homeassistant/);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(connected.filter((line) => line.endsWith('connected'))).toHaveLength(1);
    } finally {
      await opened.close();
      await broker.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe('names', () => {
  it('are what Home Assistant takes, and another one for every device', () => {
    const pairs = [
      ['a_b', 'c'],
      ['a', 'b_c'],
      ['a.b', 'c'],
      ['a-b', 'c'],
      ['x'.repeat(64), 'y'.repeat(64)],
    ] as const;
    const ids = pairs.map(([one, other]) => homeAssistantId(one, other));
    for (const one of ids) expect(one).toMatch(/^[a-zA-Z0-9_-]{1,100}$/);
    expect(new Set(ids).size).toBe(pairs.length);
  });

  it.each(['', '#', 'a/+', '/a', 'a/', '$SYS', 'a b', 'a/b/c/d', 'x'.repeat(41)])('%j is no prefix', (prefix) => {
    const base = { broker: { url: 'mqtt://h' }, fleet: 'yard', device: 'cam-1', plan: 'p' };
    expect(agentConfigSchema.safeParse({ ...base, homeAssistant: { prefix } }).success).toBe(false);
    expect(agentConfigSchema.safeParse({ ...base, homeAssistant: { prefix: 'ha/x' } }).success).toBe(true);
  });
});

async function pictureOf({ images }: Deployment): Promise<Buffer> {
  return readFile(join(images, '0000.png'));
}

/** The few forms of Jinja that we write, read as Home Assistant reads them; anything else is an error. */
function rendered(template: string, json: unknown): unknown {
  const expression = /^\{\{ (.+) \}\}$/.exec(template)![1]!;
  const [, value, condition] = /^(.+?)(?: if (.+) else None)?$/.exec(expression)!;
  const path = (text: string): unknown => {
    expect(text).toMatch(/^value_json(\.\w+)+$/);
    return text
      .split('.')
      .slice(1)
      .reduce((at, key) => (at as Record<string, unknown>)?.[key], json);
  };
  const isNumber = /^(.+) is number$/.exec(condition ?? '');
  const holds =
    condition === undefined || (isNumber ? typeof path(isNumber[1]!) === 'number' : Boolean(path(condition)));
  if (!holds) return null;
  const percent = /^\((.+) \* 100\) \| round\(1\)$/.exec(value!);
  return percent ? Math.round((path(percent[1]!) as number) * 1000) / 10 : path(value!);
}
