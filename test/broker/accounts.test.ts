/** Who may say and hear what: on the embedded broker, and on mosquitto by the files written for it. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mayPublish, maySubscribe, rulesOf } from '../../src/broker/acl.ts';
import {
  agentClientId,
  discoveryTopic,
  homeAssistantId,
  isName,
  readAccounts,
  readTlsFiles,
  startBroker,
  updatesClientId,
} from '../../src/broker/index.ts';
import { addAccount, exportAccounts } from '../../src/cli/broker-accounts.ts';
import { freePort, mosquittoMissing, type Running, run } from '../e2e/support/processes.ts';

let dir: string;
const at = (name: string) => join(dir, name);
const passwords: Record<string, string> = {};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cutline-accounts-'));
  const common = { accounts: at('accounts.json'), fleet: 'yard', out: dir };
  for (const member of [
    { role: 'device', device: 'cam-1' },
    { role: 'device', device: 'cam-2' },
    { role: 'consumer' },
    { role: 'observer' },
    { role: 'operator' },
  ]) {
    const { username, passwordFile } = await addAccount({ ...common, ...member });
    passwords[username] = (await readFile(passwordFile, 'utf8')).trim();
  }
});
afterAll(() => rm(dir, { recursive: true }));

describe('rules', () => {
  it('grant a filter only where every topic that it matches is granted', () => {
    const device = rulesOf({ role: 'device', fleet: 'yard', device: 'cam-1' });
    expect(mayPublish(device, 'cutline/v1/yard/cam-1/act/0123')).toBe(true);
    for (const topic of [
      'cutline/v1/yard/cam-1/act',
      'cutline/v1/yard/cam-2/act/0123',
      'cutline/v1/yard/cam-1/res',
      'cutline/v1/yard/+/act',
      'x',
      '',
    ])
      expect(mayPublish(device, topic), topic).toBe(false);
    for (const filter of ['#', 'cutline/#', 'cutline/v1/yard/+/res', 'cutline/v1/yard/cam-1/#', '$SYS/#', '+/+/+/+/+'])
      expect(maySubscribe(device, filter), filter).toBe(false);
    const consumer = rulesOf({ role: 'consumer', fleet: 'yard' });
    expect(maySubscribe(consumer, '$share/tails/cutline/v1/yard/+/act/0123')).toBe(true);
    expect(maySubscribe(consumer, 'cutline/v1/yard/+/act/0123')).toBe(true);
    expect(maySubscribe(consumer, 'cutline/v1/yard/cam-1/act/+')).toBe(true);
    for (const filter of [
      '$share/tails/cutline/v1/yard/+/res',
      '$share/#/cutline/v1/yard/+/act/p',
      'cutline/v1/+/+/act/p',
    ])
      expect(maySubscribe(consumer, filter), filter).toBe(false);
  });
});

describe('rules of who watches', () => {
  const device = rulesOf({ role: 'device', fleet: 'yard', device: 'cam-1', homeAssistant: 'homeassistant' });
  const consumer = rulesOf({ role: 'consumer', fleet: 'yard' });
  const observer = rulesOf({ role: 'observer', fleet: 'yard' });

  it('let each speak for itself alone: a device as itself, a consumer as a consumer, who watches not at all', () => {
    for (const channel of ['state', 'health', 'label'])
      expect(mayPublish(device, `cutline/v1/yard/cam-1/${channel}`)).toBe(true);
    expect(mayPublish(consumer, 'cutline/v1/yard/_consumers/tails-1/health')).toBe(true);
    for (const topic of ['cutline/v1/yard/cam-2/state', 'cutline/v1/yard/_consumers/tails-1/health'])
      expect(mayPublish(device, topic), topic).toBe(false);
    for (const topic of [
      'cutline/v1/yard/cam-1/state',
      'cutline/v1/yard/cam-1/health',
      'cutline/v1/x/_consumers/a/health',
    ])
      expect(mayPublish(consumer, topic), topic).toBe(false);
    expect(observer.write).toEqual([]);
    for (const filter of ['state', 'health', 'label'].map((c) => `cutline/v1/yard/+/${c}`))
      expect(maySubscribe(observer, filter), filter).toBe(true);
    expect(maySubscribe(observer, 'cutline/v1/yard/_consumers/+/health')).toBe(true);
    // Whatever a device is called, it is no consumer.
    expect(isName('_consumers')).toBe(false);
  });

  it('let a device announce itself and no other to Home Assistant, and Home Assistant hear it', () => {
    const [own, other] = ['cam-1', 'cam-2'].map((name) =>
      discoveryTopic('homeassistant', homeAssistantId('yard', name)),
    );
    expect([mayPublish(device, own!), mayPublish(device, other!)]).toEqual([true, false]);
    expect(maySubscribe(device, 'homeassistant/status')).toBe(true);
    expect(maySubscribe(device, 'homeassistant/+/+/config')).toBe(false);
    expect(mayPublish(rulesOf({ role: 'device', fleet: 'yard', device: 'cam-1' }), own!)).toBe(false);
    const home = rulesOf({ role: 'observer', fleet: 'yard', homeAssistant: 'homeassistant' });
    for (const filter of ['homeassistant/device/+/config', 'homeassistant/+/+/+/config', 'homeassistant/status'])
      expect(maySubscribe(home, filter), filter).toBe(true);
    expect([mayPublish(home, 'homeassistant/status'), mayPublish(home, own!)]).toEqual([true, false]);
    expect([mayPublish(observer, 'homeassistant/status'), maySubscribe(home, '#')]).toEqual([false, false]);
  });
});

describe('accounts', () => {
  it('and passwords are for their owner’s eyes only, and no account is made twice', async () => {
    expect((await stat(at('accounts.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(at('cam-1.password'))).mode & 0o777).toBe(0o600);
    const again = { accounts: at('accounts.json'), fleet: 'yard', out: at('again'), role: 'device', device: 'cam-1' };
    await expect(addAccount(again)).rejects.toMatchObject({ code: 'KEY_EXISTS' });
    await expect(addAccount({ ...again, role: 'king' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(addAccount({ ...again, device: undefined })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(addAccount({ ...again, device: 'a/b' })).rejects.toMatchObject({ code: 'USAGE' });
    const wrong = [{ homeAssistant: '#' }, { role: 'consumer', device: undefined, homeAssistant: 'homeassistant' }];
    for (const change of wrong)
      await expect(addAccount({ ...again, ...change })).rejects.toMatchObject({ code: 'USAGE' });
    await writeFile(at('open.json'), '{}');
    await expect(readAccounts(at('open.json'))).rejects.toMatchObject({ code: 'SECRET_EXPOSED' });
    await writeFile(at('bad.json'), '{"format":"cutline.accounts/1","accounts":[{}]}', { mode: 0o600 });
    await expect(readAccounts(at('bad.json'))).rejects.toMatchObject({ code: 'ACCOUNTS_INVALID' });
  });

  it('are written for EMQX: each with its salt, everything else denied', async () => {
    await exportAccounts(at('accounts.json'), 'emqx', at('emqx'));
    const users = JSON.parse(await readFile(join(at('emqx'), 'cutline-users.json'), 'utf8'));
    expect(users).toHaveLength(5);
    expect(users[0]).toMatchObject({ user_id: 'cam-1', password_hash: expect.stringMatching(/^[0-9a-f]{128}$/) });
    const rules = await readFile(join(at('emqx'), 'cutline-acl.conf'), 'utf8');
    expect(rules.trim().endsWith('{deny, all}.')).toBe(true);
    expect((await stat(join(at('emqx'), 'cutline-users.json'))).mode & 0o077).toBe(0);
  });
});

const missing = mosquittoMissing();
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function broker(kind: 'aedes' | 'mosquitto'): Promise<string> {
  if (kind === 'aedes') {
    const { accounts } = await readAccounts(at('accounts.json'));
    const started = await startBroker({ host: '127.0.0.1', port: 0, maxPacketBytes: 1e6, maxClients: 100, accounts });
    ends.push(() => started.close());
    return started.url;
  }
  const folder = at('mosquitto');
  await exportAccounts(at('accounts.json'), 'mosquitto', folder);
  const port = await freePort();
  // As written, but for the certificates. Debian's mosquitto gives up root, and reads files afterwards.
  const conf = (await readFile(join(folder, 'mosquitto.conf'), 'utf8'))
    .replace('listener 8883', `listener ${port} 127.0.0.1\n${process.getuid?.() === 0 ? 'user root' : ''}`)
    .replace(/^(cafile|certfile|keyfile).*\n/gm, '')
    .replace(/cutline\.(passwd|acl)/g, (name) => join(folder, name));
  await writeFile(join(folder, 'here.conf'), conf);
  const process_: Running = run('mosquitto', ['-c', join(folder, 'here.conf')]);
  ends.push(() => process_.stop('SIGKILL'));
  await process_.says('running');
  return `mqtt://127.0.0.1:${port}`;
}

describe.each(['aedes', 'mosquitto'] as const)('on %s', (kind) => {
  async function client(url: string, username: string, clientId: string, password = passwords[username]!) {
    const made: MqttClient = await connectAsync(url, {
      username,
      password,
      clientId,
      protocolVersion: kind === 'aedes' ? 4 : 5,
      reconnectPeriod: 0,
    });
    const heard: string[] = [];
    made.on('message', (topic) => heard.push(topic));
    made.on('error', () => {});
    ends.push(() => made.endAsync(true));
    return { made, heard };
  }

  it('each hears and says what its role is for, and a stranger nothing', async (context) => {
    if (kind === 'mosquitto' && missing) return context.skip(missing);
    const url = await broker(kind);
    const cam = await client(url, 'cam-1', agentClientId('yard', 'cam-1'));
    const tails = await client(url, 'yard-consumer', 'tails');
    await tails.made.subscribeAsync('cutline/v1/yard/+/act/+', { qos: 1 });
    await cam.made.subscribeAsync('cutline/v1/yard/cam-1/res', { qos: 1 });
    await cam.made.publishAsync('cutline/v1/yard/cam-1/act/p', 'x', { qos: 1 });
    await tails.made.publishAsync('cutline/v1/yard/cam-1/res', 'y', { qos: 1 });
    await expect
      .poll(() => [cam.heard, tails.heard])
      .toEqual([['cutline/v1/yard/cam-1/res'], ['cutline/v1/yard/cam-1/act/p']]);
    // Another device can neither listen to the first, nor speak for it.
    const other = await client(url, 'cam-2', agentClientId('yard', 'cam-2'));
    const granted = await other.made
      .subscribeAsync('cutline/v1/yard/cam-1/res', { qos: 1 })
      .catch(() => [{ qos: 128 }]);
    if (kind === 'aedes') expect(granted.every((g) => g.qos >= 128)).toBe(true);
    await tails.made.publishAsync('cutline/v1/yard/cam-1/res', 'y', { qos: 1 });
    // Not awaited: an embedded broker hangs up, and MQTT.js then says nothing.
    other.made.publish('cutline/v1/yard/cam-1/act/p', 'forged', { qos: 1 }, () => {});
    await expect.poll(() => cam.heard.length).toBe(2);
    expect([other.heard, tails.heard.length]).toEqual([[], 1]);
    // Plans are the operator's to write: a device hears its own, and cannot write any.
    await cam.made.subscribeAsync('cutline/v1/yard/cam-1/plan', { qos: 1 });
    const operator = await client(url, 'yard-operator', 'operator');
    await operator.made.publishAsync('cutline/v1/yard/cam-1/plan', 'p', { qos: 1, retain: true });
    await expect.poll(() => cam.heard.at(-1)).toBe('cutline/v1/yard/cam-1/plan');
    const before = cam.heard.length;
    const writer = await client(url, 'cam-2', kind === 'aedes' ? agentClientId('yard', 'cam-2') : 'writer');
    writer.made.publish('cutline/v1/yard/cam-1/plan', 'forged', { qos: 1, retain: true }, () => {});
    tails.made.publish('cutline/v1/yard/cam-1/plan', 'forged', { qos: 1, retain: true }, () => {});
    await operator.made.publishAsync('cutline/v1/yard/cam-1/plan', 'q', { qos: 1, retain: true });
    await expect.poll(() => cam.heard.length).toBeGreaterThan(before);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(cam.heard.length).toBe(before + 1);
    await expect(client(url, 'cam-1', 'x', 'wrong')).rejects.toThrow();
    await expect(connectAsync(url, { reconnectPeriod: 0 })).rejects.toThrow();
  });

  it('nobody takes the place of a device by its client id, nor hears the broker’s own topics', async (context) => {
    if (kind === 'mosquitto') return context.skip('mosquitto has no rule for client ids');
    const url = await broker(kind);
    await client(url, 'cam-1', agentClientId('yard', 'cam-1'));
    await expect(client(url, 'cam-2', agentClientId('yard', 'cam-1'))).rejects.toThrow();
    await expect(client(url, 'yard-consumer', agentClientId('yard', 'cam-1'))).rejects.toThrow();
    // Nor of what hears of its plans.
    await client(url, 'cam-1', updatesClientId('yard', 'cam-1'));
    await expect(client(url, 'cam-2', updatesClientId('yard', 'cam-1'))).rejects.toThrow();
    await expect(client(url, 'yard-operator', updatesClientId('yard', 'cam-1'))).rejects.toThrow();
    const watcher = await client(url, 'yard-observer', 'w');
    const granted = await watcher.made.subscribeAsync('$SYS/#').catch(() => [{ qos: 128 }]);
    expect(granted.every((g) => g.qos >= 128)).toBe(true);
  });
});

it('the embedded broker speaks TLS', async () => {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', at('server.key'), '-out', at('server.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', ...files, ...subject]);
  const tls = await readTlsFiles({ cert: at('server.pem'), key: at('server.key') });
  const started = await startBroker({ host: '127.0.0.1', port: 0, maxPacketBytes: 1e6, maxClients: 9, tls });
  ends.push(() => started.close());
  expect(started.url).toMatch(/^mqtts:/);
  const ca = await readFile(at('server.pem'));
  const made = await connectAsync(`mqtts://localhost:${started.port}`, { ca, reconnectPeriod: 0 });
  ends.push(() => made.endAsync(true));
  await expect(connectAsync(`mqtts://localhost:${started.port}`, { reconnectPeriod: 0 })).rejects.toThrow(
    /self-signed/,
  );
});
