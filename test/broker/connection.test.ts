import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from 'node:tls';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Backoff } from '../../src/broker/backoff.ts';
import { type Connection, type ConnectOptions, connect } from '../../src/broker/connection.ts';
import { type Broker, type BrokerOptions, Link, readPassword, startBroker } from '../../src/broker/index.ts';
import { PacketFilter } from '../../src/broker/packet-filter.ts';
import { PacketWatch } from '../../src/broker/packet-limit.ts';
import { parseUrl } from '../../src/broker/socket.ts';
import { activationOf, activationsOf, activationTopic, topicOf } from '../../src/broker/topics.ts';
import { CutlineError, type ErrorCode } from '../../src/errors.ts';
import { startProxy, type TcpProxy } from '../support/proxy.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function broker(options: Partial<BrokerOptions> = {}): Promise<Broker> {
  const started = await startBroker({ host: '127.0.0.1', port: 0, maxPacketBytes: 100_000, maxClients: 5, ...options });
  open.push(() => started.close());
  return started;
}

const target = (url: string, clientId: string, rest: Partial<ConnectOptions> = {}): ConnectOptions => ({
  url,
  protocol: 'auto',
  clientId,
  keepaliveS: 15,
  connectTimeoutMs: 3000,
  maxPacketBytes: 100_000,
  ...rest,
});

async function client(
  url: string,
  id: string,
  rest?: Partial<ConnectOptions>,
  seen: string[] = [],
): Promise<Connection> {
  const connection = await connect(target(url, id, rest), (topic, payload) => seen.push(`${topic} ${payload}`));
  open.push(() => connection.close());
  return connection;
}

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | 'none'> {
  return work.then(
    () => 'none' as const,
    (error: unknown) => {
      if (error instanceof CutlineError) return error.code;
      throw error;
    },
  );
}

describe('a connection', () => {
  it('falls back to MQTT 3.1.1 where the broker does not speak 5', async () => {
    const { url } = await broker();
    expect((await client(url, 'a')).protocol).toBe(4);
    expect(await codeOf(client(url, 'b', { protocol: 5 }))).toBe('BROKER_REFUSED');
  });

  it('carries messages at QoS 0 and 1', async () => {
    const { url } = await broker();
    const seen: string[] = [];
    const reader = await client(url, 'reader', {}, seen);
    await reader.subscribe('cutline/v1/+/+/act');
    const writer = await client(url, 'writer');
    await writer.publish('cutline/v1/f/d/act', 'zero', { qos: 0 });
    await writer.publish('cutline/v1/f/d/act', 'one', { qos: 1 });
    await expect.poll(() => seen).toEqual(['cutline/v1/f/d/act zero', 'cutline/v1/f/d/act one']);
  });

  it('takes less than the 40 ms that Nagle costs a round trip at QoS 1', async () => {
    const { url } = await broker();
    const writer = await client(url, 'writer');
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const startMs = performance.now();
      await writer.publish('t', 'x'.repeat(3000), { qos: 1 });
      times.push(performance.now() - startMs);
    }
    expect(times.sort((a, b) => a - b)[10]).toBeLessThan(30);
  });

  it('refuses a message larger than the limit before it is sent, and lives on', async () => {
    const { url } = await broker();
    const writer = await client(url, 'writer');
    expect(await codeOf(writer.publish('t', new Uint8Array(100_000), { qos: 1 }))).toBe('MESSAGE_TOO_LARGE');
    expect(await codeOf(writer.publish('t', new Uint8Array(99_000), { qos: 1 }))).toBe('none');
  });

  it('fails everything that waits when the connection is lost', async () => {
    const { port } = await broker();
    const proxy = await startProxy(port);
    open.push(() => proxy.close());
    const writer = await client(`mqtt://127.0.0.1:${proxy.port}`, 'writer');
    proxy.isBlackHole = true;
    const waiting = Array.from({ length: 100 }, () => codeOf(writer.publish('t', 'x', { qos: 1 })));
    proxy.cutAfter(0);
    void writer.publish('t', 'x', { qos: 0 }).catch(() => {});
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['BROKER_LOST']));
    expect(await codeOf(writer.publish('t', 'x', { qos: 0 }))).toBe('BROKER_LOST');
  });

  it('says that there is no broker', async () => {
    const { url, close } = await startBroker({ host: '127.0.0.1', port: 0, maxPacketBytes: 1000, maxClients: 1 });
    await close();
    await expect(client(url, 'x')).rejects.toThrow(/no connection .*ECONNREFUSED/);
  });
});

describe('the embedded broker', () => {
  it('does not listen on an outside address without credentials, unless told so', async () => {
    expect(await codeOf(broker({ host: '0.0.0.0' }))).toBe('BROKER_EXPOSED');
    expect(await codeOf(broker({ host: '0.0.0.0', insecure: true }))).toBe('none');
    expect(await codeOf(broker({ host: '0.0.0.0', credentials: { username: 'u', password: 'p' } }))).toBe('none');
  });

  it('lets in only who has the credentials', async () => {
    const { url } = await broker({ credentials: { username: 'cam', password: 'secret' } });
    expect(await codeOf(client(url, 'a', { username: 'cam', password: 'secret' }))).toBe('none');
    for (const wrong of [{}, { username: 'cam', password: 'secre' }, { username: 'ca', password: 'msecret' }]) {
      expect(await codeOf(client(url, 'b', wrong))).toBe('BROKER_REFUSED');
    }
  });

  it('ends a sender whose packet is too large, and nobody else', async () => {
    const { url } = await broker();
    const bystander = await client(url, 'bystander');
    const big = await client(url, 'big', { maxPacketBytes: 10_000_000 });
    expect(await codeOf(big.publish('t', new Uint8Array(200_000), { qos: 1 }))).toBe('BROKER_LOST');
    expect(await codeOf(bystander.publish('t', 'x', { qos: 1 }))).toBe('none');
  });

  it('lives through bytes that are not MQTT and through deep topics', async () => {
    const { url, port } = await broker({ maxClients: 50 });
    for (let i = 0; i < 20; i++) {
      const raw = connectTcp(port, '127.0.0.1');
      raw.on('error', () => {});
      raw.write(Buffer.from(Array.from({ length: 50 }, (_, k) => (i * 37 + k * 11) & 255)));
    }
    const deep = await client(url, 'deep');
    expect(await codeOf(deep.publish('a/'.repeat(50), 'x', { qos: 1 }))).toMatch(/none|BROKER_LOST/);
    await sleep(50);
    expect(await codeOf((await client(url, 'after')).publish('t', 'x', { qos: 1 }))).toBe('none');
  });

  it('takes no more clients than allowed', async () => {
    const { url } = await broker({ maxClients: 1 });
    await client(url, 'a');
    expect(await codeOf(client(url, 'b'))).toBe('BROKER_LOST');
  });

  it('publishes the last will of a client that vanishes, and not of one that says goodbye', async () => {
    const { url } = await broker();
    const seen: string[] = [];
    const reader = await client(url, 'reader', {}, seen);
    await reader.subscribe('cutline/v1/f/+/state');
    const will = (d: string) => ({ will: { topic: `cutline/v1/f/${d}/state`, payload: 'offline' } });
    const proxy = await startProxy(new URL(url).port as unknown as number);
    open.push(() => proxy.close());
    await client(`mqtt://127.0.0.1:${proxy.port}`, 'gone', will('gone'));
    await (await client(url, 'polite', will('polite'))).close();
    await proxy.close();
    await expect.poll(() => seen).toEqual(['cutline/v1/f/gone/state offline']);
  });

  it('says when the port is taken', async () => {
    const { port } = await broker();
    await expect(broker({ port })).rejects.toThrow(/EADDRINUSE.*--port/);
  });
});

describe('a link', () => {
  const settings = (url: string, log: string[] = []) => ({
    connect: target(url, 'link'),
    backoff: { firstMs: 10, maxMs: 50 },
    log: (line: string) => log.push(line),
  });

  it('comes back after every cut, prepared anew each time', async () => {
    const { port } = await broker();
    const proxy: TcpProxy = await startProxy(port);
    open.push(() => proxy.close());
    const stop = new AbortController();
    let prepared = 0;
    const log: string[] = [];
    const link = new Link(settings(`mqtt://127.0.0.1:${proxy.port}`, log), {
      prepare: async (c) => {
        await c.subscribe('cutline/v1/f/d/res');
        prepared++;
      },
      receive: () => {},
    });
    const running = link.run(stop.signal);
    for (let i = 1; i <= 3; i++) {
      await expect.poll(() => prepared, { timeout: 5000 }).toBe(i);
      proxy.cutAfter(10);
      await link.connection?.publish('t', 'x'.repeat(100), { qos: 1 }).catch(() => {});
    }
    await expect.poll(() => prepared, { timeout: 5000 }).toBe(4);
    stop.abort();
    await running;
    expect(link.connection).toBeUndefined();
    expect(log.filter((l) => l.includes('lost'))).toHaveLength(3);
  });

  it('gives up after the time it was given, and says how long it waited', async () => {
    const giveUp = new Link({ ...settings('mqtt://127.0.0.1:1'), giveUpAfterMs: 200 }, noEvents);
    await expect(giveUp.run(new AbortController().signal)).rejects.toThrow(/no broker for 0.2 s/);
  });

  it('does not try again when the first answer is a refusal', async () => {
    const { url } = await broker({ credentials: { username: 'u', password: 'p' } });
    expect(await codeOf(new Link(settings(url), noEvents).run(new AbortController().signal))).toBe('BROKER_REFUSED');
  });

  it('stops at once while it waits for the next try', async () => {
    const stop = new AbortController();
    const link = new Link({ ...settings('mqtt://127.0.0.1:1'), backoff: { firstMs: 60_000, maxMs: 60_000 } }, noEvents);
    const running = link.run(stop.signal);
    await sleep(50);
    stop.abort();
    await running;
  });
});

const noEvents = { prepare: async () => {}, receive: () => {} };

describe('backoff', () => {
  it('doubles to its ceiling with jitter over the upper half, and starts over only after a stable minute', () => {
    const at = (random: number) => {
      const b = new Backoff({ firstMs: 100, maxMs: 1000, random: () => random });
      return { b, delays: Array.from({ length: 6 }, () => b.nextMs()) };
    };
    expect(at(0).delays).toEqual([50, 100, 200, 400, 500, 500]);
    const { b, delays } = at(1);
    expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
    b.lasted(59_999);
    expect(b.nextMs()).toBe(1000);
    b.lasted(60_000);
    expect(b.nextMs()).toBe(100);
  });
});

describe('the watch over packet lengths', () => {
  const packet = (length: number) => {
    const bytes = [0x30];
    let rest = length;
    do {
      bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
      rest = Math.floor(rest / 128);
    } while (rest > 0);
    return Buffer.concat([Buffer.from(bytes), Buffer.alloc(length, 0xff)]);
  };

  it('finds exactly the packets that are too large, however the stream is cut', () => {
    const lengths = fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 2, max: 405 }), (sizes, step, max) => {
        const packets = sizes.map(packet);
        const stream = Buffer.concat(packets);
        const watch = new PacketWatch(max);
        let isFine = true;
        for (let at = 0; at < stream.length && isFine; at += step)
          isFine = watch.accepts(stream.subarray(at, at + step));
        expect(isFine).toBe(packets.every((p) => p.length <= max));
      }),
    );
  });

  it('passes over publishes that nobody waits for, wherever a chunk ends, and nothing else', () => {
    // Kinds: publishes of QoS 0, with other flags, of QoS 1, and a PINGRESP.
    const first = fc.constantFrom(0x30, 0x31, 0x38, 0x32, 0xd0);
    const packets = fc.array(fc.tuple(first, fc.nat({ max: 400 })), { maxLength: 8 });
    fc.assert(
      fc.property(
        packets,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 405 }),
        (all, step, overBytes) => {
          const written = all.map(([byte, size]) => {
            const bytes = packet(size);
            bytes[0] = byte;
            return bytes;
          });
          const stream = Buffer.concat(written);
          const told: number[] = [];
          const filter = new PacketFilter(1000, { overBytes, tell: (bytes) => told.push(bytes) });
          const kept: Buffer[] = [];
          for (let at = 0; at < stream.length; at += step) kept.push(filter.take(stream.subarray(at, at + step))!);
          const isLeftOut = (p: Uint8Array) => p.length > overBytes && (p[0]! & 0xf6) === 0x30;
          expect(Buffer.concat(kept)).toEqual(Buffer.concat(written.filter((p) => !isLeftOut(p))));
          expect(told).toEqual(written.filter(isLeftOut).map((p) => p.length));
        },
      ),
    );
  });

  it('ends a stream with a packet that is too large also where some are passed over', () => {
    const filter = new PacketFilter(100, { overBytes: 10, tell: () => {} });
    expect(filter.take(packet(50))).toHaveLength(0);
    expect(filter.take(packet(101))).toBeUndefined();
    expect(new PacketFilter(1 << 30).take(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 1))).toBeUndefined();
  });

  it('refuses a length of five bytes', () => {
    expect(new PacketWatch(1 << 30).accepts(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 1))).toBe(false);
  });
});

describe('a connection over TLS', () => {
  it('passes messages whole, and those over what is waited for not at all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cutline-tls-'));
    open.push(async () => rmSync(folder, { recursive: true, force: true }));
    const at = (name: string) => join(folder, name);
    const kind = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-addext',
      'subjectAltName=DNS:localhost',
    ];
    const made = ['req', '-x509', ...kind, '-nodes', '-subj', '/CN=localhost', '-keyout', at('key'), '-out', at('crt')];
    execFileSync('openssl', made, { stdio: 'ignore' });
    const { port } = await broker();
    const cert = readFileSync(at('crt'));
    const server = createServer({ key: readFileSync(at('key')), cert }, (outside) => {
      const inside = connectTcp(port, '127.0.0.1');
      outside.on('error', () => inside.destroy());
      inside.on('error', () => outside.destroy());
      outside.pipe(inside).pipe(outside);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(async () => void server.close());
    const url = `mqtts://localhost:${(server.address() as { port: number }).port}`;
    const seen: string[] = [];
    const told: number[] = [];
    const skip = { overBytes: 70_000, tell: (bytes: number) => told.push(bytes) };
    const receiver = await connect(target(url, 'in', { tls: { ca: cert }, skip }), (_, p) => seen.push(`${p.length}`));
    open.push(() => receiver.close());
    await receiver.subscribe('x', 0);
    const sender = await client(url, 'out', { tls: { ca: cert } });
    for (const size of [1, 65_000, 80_000, 2]) await sender.publish('x', new Uint8Array(size), { qos: 0 });
    await vi.waitFor(() => expect(seen).toEqual(['1', '65000', '2']));
    expect(told).toEqual([80_000 + 3 + 4]);
  });
});

describe('names, topics, addresses and secrets', () => {
  it('keep to their form', () => {
    expect(topicOf('yard', 'cam-1', 'res')).toBe('cutline/v1/yard/cam-1/res');
    expect(activationTopic('yard', 'cam-1', 'p1')).toBe('cutline/v1/yard/cam-1/act/p1');
    expect(activationsOf('yard', 'p1')).toBe('cutline/v1/yard/+/act/p1');
    expect(activationsOf('yard', 'p1', 'tails')).toBe('$share/tails/cutline/v1/yard/+/act/p1');
    expect(activationOf('cutline/v1/yard/cam-1/act/p1', 'yard')).toEqual({ device: 'cam-1', planId: 'p1' });
    const no = [
      'other/cam-1/act/p1',
      'yard/cam-1/act',
      'yard/cam-1/act/',
      'yard/cam-1/act/p1/x',
      'yard//act/p1',
      'yard/cam-1/res/p1',
    ];
    for (const topic of [...no.map((t) => `cutline/v1/${t}`), '$x']) {
      expect(activationOf(topic, 'yard')).toBeUndefined();
    }
    for (const name of ['', '+', '#', 'a/b', '$SYS', '.a', 'a b', 'a'.repeat(65), 'ü']) {
      expect(() => topicOf('yard', name, 'res')).toThrow(CutlineError);
      expect(() => activationTopic('yard', 'cam-1', name)).toThrow(CutlineError);
      expect(() => activationsOf('yard', name)).toThrow(CutlineError);
    }
    expect(parseUrl('mqtts://[::1]')).toEqual({ host: '::1', port: 8883, tls: true });
    for (const url of ['mqtt://u:p@host', 'http://host', 'host:1883', 'mqtt://', 'mqtt://host/x', 'mqtt://h:99999']) {
      expect(parseUrl(url)).toBeUndefined();
    }
  });

  it('are refused when others may read them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cutline-secret-'));
    const path = join(folder, 'password');
    await writeFile(path, 'secret\nrest', { mode: 0o600 });
    expect(await readPassword(path)).toBe('secret');
    await chmod(path, 0o640);
    const error = await readPassword(path).catch((e: unknown) => e as CutlineError);
    expect(error).toMatchObject({ code: 'SECRET_EXPOSED', message: expect.stringContaining('640') });
    expect(`${error}`).not.toContain('secret\n');
    await rm(folder, { recursive: true });
  });
});
