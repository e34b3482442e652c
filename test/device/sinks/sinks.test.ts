import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connect, startBroker } from '../../../src/broker/index.ts';
import type { Line } from '../../../src/device/recorder.ts';
import { openSink, type SinkContext, type SinkSettings, sinkSchema } from '../../../src/device/sinks/index.ts';
import { freePort } from '../../e2e/support/processes.ts';
import { fullDisk } from '../../support/full-disk.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-sinks-'));
});
afterAll(() => rm(folder, { recursive: true }));

const room = { maxPacketBytes: 1 << 20, maxClients: 10 };
const latencyMs = { total: 1, head: 1, encode: 0, network: 0, tail: 0 };
const line = (index: number, given: object = {}): Line => ({
  head: { index, image: `${index}.png`, top1: 3, score: 0.8, latencyMs, tries: 1, planId: 'p', at: 'now', ...given },
  outputs: { y: { shape: [1, 2], values: [0, 1] } },
});

async function open(settings: object, given: Partial<SinkContext> = {}) {
  const said: string[] = [];
  const context = {
    fleet: 'yard',
    device: 'cam-1',
    broker: {},
    folder,
    log: (text: string) => said.push(text),
    stop: new AbortController().signal,
    ...given,
  } as SinkContext;
  const sink = await openSink(sinkSchema.parse(settings) as SinkSettings, 0, context);
  return { sink, said };
}

async function server(answer: (request: IncomingMessage, response: ServerResponse, n: number) => void) {
  const heard: { body: string; headers: IncomingMessage['headers'] }[] = [];
  const http = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      heard.push({ body, headers: request.headers });
      answer(request, response, heard.length - 1);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return { heard, url: `http://127.0.0.1:${(http.address() as { port: number }).port}/hook` };
}

describe('a webhook', () => {
  it('is called with each line, who it is of, and the token', async () => {
    const { heard, url } = await server((_q, r) => r.end('thanks'));
    await writeFile(join(folder, 'token'), 'secret\n', { mode: 0o600 });
    const { sink } = await open({ type: 'webhook', url, tokenFile: 'token' });
    await sink.offer(line(0));
    await sink.close();
    expect(heard).toHaveLength(1);
    expect(heard[0]!.headers).toMatchObject({ authorization: 'Bearer secret', 'content-type': 'application/json' });
    const told = JSON.parse(heard[0]!.body);
    expect(told).toMatchObject({ format: 'cutline.result/1', fleet: 'yard', device: 'cam-1', index: 0, top1: 3 });
    expect(told.outputs).toBeUndefined();
  });

  it('is called again with one key when it is busy, and as soon as it asks for', async () => {
    const { heard, url } = await server((_q, r, n) => {
      r.statusCode = n === 0 ? 503 : 204;
      if (n === 0) r.setHeader('retry-after', '1');
      r.end();
    });
    const { sink } = await open({ type: 'webhook', url });
    const startMs = performance.now();
    await sink.offer(line(0));
    await sink.close();
    expect(performance.now() - startMs).toBeGreaterThan(900);
    expect(sink.counts).toMatchObject({ delivered: 1, failed: 0 });
    expect(heard).toHaveLength(2);
    expect(heard[0]!.headers['idempotency-key']).toBe(heard[1]!.headers['idempotency-key']);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['refuses', (r) => r.writeHead(404).end()],
    ['sends elsewhere', (r) => r.writeHead(302, { location: '/hook' }).end()],
  ])('that %s is not called again for that line', async (_name, answer) => {
    const { heard, url } = await server((_q, r) => answer(r));
    const { sink, said } = await open({ type: 'webhook', url });
    await sink.offer(line(0));
    await sink.close();
    expect(heard).toHaveLength(1);
    expect(sink.counts).toMatchObject({ delivered: 0, failed: 1 });
    expect(said.join()).toMatch(/it answered (404|302); given up/);
  });

  it('that hangs, or is away, holds up nothing', async () => {
    const { url } = await server(() => {});
    for (const where of [url, `http://127.0.0.1:${await freePort()}/`]) {
      const { sink, said } = await open({ type: 'webhook', url: where, timeoutMs: 50, retries: 0, queue: 10 });
      const startMs = performance.now();
      for (let i = 0; i < 500; i++) await sink.offer(line(i));
      expect(performance.now() - startMs).toBeLessThan(300);
      await sink.close();
      const { delivered, dropped, failed } = sink.counts;
      expect([delivered, dropped + failed]).toEqual([0, 500]);
      expect(said.join()).toMatch(where === url ? /no answer within 50 ms/ : /ECONNREFUSED/);
    }
  });

  it('that answers without end is not listened to', async () => {
    let sent = 0;
    const { url } = await server((_q, r) => {
      const more = () => {
        while (!r.destroyed && r.write('x'.repeat(60_000))) sent++;
        if (!r.destroyed) r.once('drain', more);
      };
      more();
    });
    const { sink } = await open({ type: 'webhook', url });
    for (let i = 0; i < 5; i++) await sink.offer(line(i));
    await sink.close();
    expect(sink.counts.delivered).toBe(5);
    expect(sent).toBeLessThan(2000);
  });
});

describe('a file', () => {
  it('gets the lines with their outputs at its end, and is begun anew beyond its size', async () => {
    const path = join(folder, 'lines.jsonl');
    await writeFile(path, '{"old":true}\n{"torn":');
    const { sink } = await open({ type: 'file', path: 'lines.jsonl', maxBytes: 4096 });
    for (let i = 0; i < 40; i++) await sink.offer(line(i));
    await sink.close();
    const rows = async (name: string) => (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n');
    const [before, after] = [await rows('lines.jsonl.1'), await rows('lines.jsonl')];
    expect(before.slice(0, 2)).toEqual(['{"old":true}', '{"torn":']);
    const indices = [...before.slice(2), ...after].map((row) => JSON.parse(row).index);
    expect(indices).toEqual([...Array(40).keys()]);
    expect(JSON.parse(after[0]!).outputs).toEqual({ y: { shape: [1, 2], values: [0, 1] } });
    expect((await readdir(folder)).filter((name) => name.startsWith('lines'))).toHaveLength(2);
  });

  it('on a full disk loses what has no room, says so, and goes on in whole lines when there is some', async (ctx) => {
    const disk = fullDisk(ctx, 72 * 1024);
    const path = join(disk, 'r.jsonl');
    const { sink, said } = await open({ type: 'file', path, queue: 5 });
    for (let i = 0; i < 600; i++) await sink.offer(line(i));
    await expect.poll(() => said.join()).toMatch(/ENOSPC/);
    expect(sink.counts.dropped).toBeGreaterThan(10);
    await rm(path);
    await expect.poll(() => said.join(), { timeout: 15_000 }).toMatch(/taken again/);
    await sink.offer(line(1000));
    await sink.close();
    const rows = (await readFile(path, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row).index);
    expect(rows.at(-1)).toBe(1000);
  });

  it('that cannot be one is refused at once', async () => {
    const told = { code: 'OUTPUT_NOT_WRITABLE' };
    for (const path of [folder, '/dev/null', join(folder, 'token', 'x')]) {
      await expect(open({ type: 'file', path })).rejects.toMatchObject(told);
    }
  });
});

describe('a topic', () => {
  it('gets the lines, those that waited for the broker, too', async () => {
    const probe = await startBroker({ host: '127.0.0.1', port: 0, ...room });
    const { port } = new URL(probe.url);
    await probe.close();
    const url = `mqtt://127.0.0.1:${port}`;
    const { sink } = await open(
      { type: 'mqtt' },
      { broker: { url, protocol: 'auto', keepaliveS: 15, maxPacketBytes: 1 << 20 } },
    );
    await sink.offer(line(0));
    const broker = await startBroker({ host: '127.0.0.1', port: Number(port), ...room });
    onTestFinished(() => broker.close());
    const heard: [string, { index: number; device: string }][] = [];
    const options = {
      url,
      protocol: 'auto',
      clientId: 'test',
      keepaliveS: 15,
      connectTimeoutMs: 1000,
      maxPacketBytes: 1 << 20,
    } as const;
    const listener = await connect(options, (topic, payload) => heard.push([topic, JSON.parse(payload.toString())]));
    onTestFinished(() => listener.close());
    await listener.subscribe('#');
    await sink.offer(line(1));
    await expect.poll(() => sink.counts.delivered, { timeout: 15_000 }).toBe(2);
    await expect
      .poll(() => heard.at(-1))
      .toMatchObject(['cutline/v1/yard/cam-1/result', { index: 1, device: 'cam-1' }]);
    await sink.close();
  });
});

describe('a filter', () => {
  it.each<[string, object, number[]]>([
    ['none', {}, [0, 1, 2, 3]],
    ['by name', { filter: { labels: ['cat', '3'] } }, [0, 1]],
    ['by score', { filter: { minScore: 0.5 } }, [0, 2]],
    ['by both', { filter: { labels: ['cat'], minScore: 0.5 } }, []],
    ['failures too', { filter: { minScore: 0.95, failures: true } }, [3]],
  ])('decides what leaves the device: %s', async (name, settings, expected) => {
    const path = `filter-${name}.jsonl`;
    const { sink } = await open({ type: 'file', path, ...settings });
    await sink.offer(line(0));
    await sink.offer(line(1, { top1Label: 'cat', score: null }));
    await sink.offer(line(2, { top1Label: 'dog' }));
    const { top1: _, score: __, ...rest } = line(3).head as never as Record<string, unknown>;
    await sink.offer({ head: { ...rest, error: { code: 'NO_ANSWER', message: '' } } } as never);
    await sink.close();
    const text = await readFile(join(folder, path), 'utf8').catch(() => '');
    const rows = text.split('\n').filter((row) => row !== '');
    expect(rows.map((row) => JSON.parse(row).index)).toEqual(expected);
    expect(sink.counts.filtered).toBe(4 - expected.length);
  });
});
