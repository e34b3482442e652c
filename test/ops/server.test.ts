import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { figure, Histogram, httpSchema, metricsText, type Ops, openOps } from '../../src/ops/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-ops-'));
});
afterAll(() => rm(folder, { recursive: true }));

const opened: Ops[] = [];
afterEach(() => Promise.all(opened.splice(0).map((ops) => ops.close())));

async function serve(given: object = {}) {
  const said: string[] = [];
  const ops = await openOps(httpSchema.parse({ port: 0, ...given }), folder, (line) => said.push(line));
  opened.push(ops);
  const url = /http:\S+:\d+/.exec(said[0]!)![0].replace('0.0.0.0', '127.0.0.1');
  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(url + path, init);
    return [response.status, await response.text()] as const;
  };
  return { ops, url, get };
}

/** With headers that fetch does not let be set. */
const statusOf = (url: string, headers: Record<string, string>) =>
  new Promise<number>((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on('error', reject)
      .end();
  });

describe('metrics and health', () => {
  it('say what is waited for, and are well whatever it is', async () => {
    const { ops, get } = await serve();
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([503, 'waiting for the model\n']);
    let waitsFor: string | undefined = 'the broker';
    ops.follow({ waitsFor: () => waitsFor, metrics: () => [figure('a_total', 'counter', 'An a', 3)] });
    expect(await get('/readyz')).toEqual([503, 'waiting for the broker\n']);
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    waitsFor = undefined;
    expect(await get('/readyz?verbose')).toEqual([200, 'ready\n']);
    const [status, text] = await get('/metrics');
    expect(status).toBe(200);
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d+$/m);
    expect(text).toMatch(/^cutline_ready 1$/m);
    expect(text).toMatch(/^# TYPE a_total counter\na_total 3$/m);
  });

  it('have nothing else, and only to be read', async () => {
    const { get, url } = await serve();
    expect((await get('/'))[0]).toBe(404);
    expect((await get('/metrics/../etc/passwd'))[0]).toBe(404);
    expect((await get('/metrics', { method: 'POST', body: 'x' }))[0]).toBe(405);
    expect(await get('/healthz', { method: 'HEAD' })).toEqual([200, '']);
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    await response.text();
  });

  it('are not told to pages of browsers', async () => {
    const { url } = await serve();
    expect(await statusOf(`${url}/metrics`, { Host: 'evil.example' })).toBe(403);
    expect(await statusOf(`${url}/metrics`, { Origin: 'http://evil.example' })).toBe(403);
    expect(await statusOf(`${url}/readyz`, { Host: 'evil.example' })).toBe(503);
    expect(await statusOf(`${url}/metrics`, { Host: 'localhost:1' })).toBe(200);
  });

  it('are told outside to who has the token; without one only a word', async () => {
    await writeFile(join(folder, 'token'), 'secret\n', { mode: 0o600 });
    const { get } = await serve({ host: '0.0.0.0', tokenFile: 'token' });
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([503, 'not ready\n']);
    const bearing = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
    for (const init of [{}, bearing('secre'), bearing('secret2')]) expect((await get('/metrics', init))[0]).toBe(401);
    const [status, text] = await get('/metrics', bearing('secret'));
    expect(status).toBe(200);
    expect(text).not.toContain('secret');
    expect(await get('/readyz', bearing('secret'))).toEqual([503, 'waiting for the model\n']);
  });

  it('listen outside only with a token that others cannot read', async () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'pi.local', '127.0.0.1.evil.example']) {
      expect(httpSchema.safeParse({ host }).success, host).toBe(false);
    }
    await writeFile(join(folder, 'open-token'), 'secret\n');
    await chmod(join(folder, 'open-token'), 0o644);
    await expect(serve({ tokenFile: 'open-token' })).rejects.toMatchObject({ code: 'SECRET_EXPOSED' });
  });

  it('name the address that is taken', async () => {
    const { url } = await serve();
    const port = Number(new URL(url).port);
    await expect(serve({ port })).rejects.toMatchObject({
      code: 'OPS_LISTEN',
      message: expect.stringContaining(`${port}`),
    });
  });

  it('let no more than some connect at once', async () => {
    const { url, get } = await serve();
    const { port } = new URL(url);
    const sockets = Array.from({ length: 60 }, () => connect(Number(port), '127.0.0.1').on('error', () => {}));
    await Promise.race(sockets.map((s) => new Promise((resolve) => s.once('close', resolve))));
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => get('/healthz').catch(() => undefined)).toEqual([200, 'ok\n']);
  });
});

describe('the text of metrics', () => {
  it('escapes labels', () => {
    const samples = [{ labels: { a: 'x"\\\n' }, value: Number.POSITIVE_INFINITY }];
    expect(metricsText([{ name: 'b', help: 'c\nd', type: 'gauge', samples }])).toBe(
      '# HELP b c\\nd\n# TYPE b gauge\nb{a="x\\"\\\\\\n"} +Inf\n',
    );
  });

  it('has histograms whose buckets add up', () => {
    const histogram = new Histogram();
    for (const ms of [0.5, 1, 3, 400, 90_000]) histogram.addMs(ms);
    const text = metricsText([histogram.metric('t_seconds', 'T')]);
    expect(text).toContain('t_seconds_bucket{le="0.001"} 2\n');
    expect(text).toContain('t_seconds_bucket{le="0.0025"} 2\n');
    expect(text).toContain('t_seconds_bucket{le="0.5"} 4\n');
    expect(text).toContain('t_seconds_bucket{le="60"} 4\nt_seconds_bucket{le="+Inf"} 5\nt_seconds_sum 90.4045\n');
    expect(text).toMatch(/t_seconds_count 5\n$/);
  });
});
