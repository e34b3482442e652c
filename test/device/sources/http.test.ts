import { request } from 'node:http';
import { connect } from 'node:net';
import sharp from 'sharp';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Picture, Unread } from '../../../src/device/source.ts';
import { type HttpOptions, httpSource } from '../../../src/device/sources/http.ts';
import type { OpenedSource } from '../../../src/device/sources/source.ts';
import { sourceContext } from './context.ts';

let png: Buffer;
beforeAll(async () => {
  png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#777' } })
    .png()
    .toBuffer();
});

const open: { source: OpenedSource; stop: AbortController }[] = [];
afterEach(async () => {
  for (const { source, stop } of open.splice(0)) {
    stop.abort();
    await source.close();
  }
});

async function serve(given: Partial<HttpOptions> = {}, inFlight = 1) {
  const stop = new AbortController();
  const said: string[] = [];
  const options: HttpOptions = {
    host: '127.0.0.1',
    port: 0,
    token: undefined,
    queue: 2,
    maxBodyBytes: 10_000,
    bodyTimeoutMs: 300,
    ...given,
  };
  const context = sourceContext({ stop: stop.signal, inFlight, log: (line) => said.push(line) });
  const source = await httpSource(options, context);
  open.push({ source, stop });
  const url = /http:\S+/.exec(said[0]!)![0];
  const pictures = source.pictures[Symbol.asyncIterator]();
  const take = async () => (await pictures.next()).value as Picture | Unread | undefined;
  const ask = (body: Uint8Array | ReadableStream | string | null = new Uint8Array(png), init: RequestInit = {}) =>
    fetch(url, { method: 'POST', body, ...init });
  return { source, stop, url, take, ask };
}
const told = async (asking: Promise<Response>) => {
  const response = await asking;
  const { code } = (await response.json()) as { code: string };
  return [response.status, code, response.headers.get('retry-after')] as const;
};

describe('POST /infer', () => {
  it('is answered with what became of its picture', async () => {
    const { ask, take } = await serve();
    const asking = ask();
    const picture = await take();
    expect(picture).toMatchObject({ name: 'http-0', pixels: { data: expect.any(Uint8Array) } });
    picture!.answered!({ index: 4, top1: 7 });
    const response = await asking;
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ format: 'cutline.result/1', index: 4, top1: 7 });
  });

  it('is answered with a typed error when it failed', async () => {
    const { ask, take } = await serve();
    for (const [code, status] of [
      ['NO_ANSWER', 504],
      ['ANSWER_FAILED', 502],
      ['IMAGE_CHANNELS', 422],
      ['ENGINE_RUN', 500],
    ] as const) {
      const asking = ask();
      (await take())!.answered!({ index: 0, image: 'x', error: { code, message: 'why' } });
      expect((await told(asking)).slice(0, 2)).toEqual([status, code]);
    }
    const asking = ask('no picture');
    const unread = await take();
    expect(unread).toMatchObject({ error: { code: 'NOT_AN_IMAGE' } });
    unread!.answered!(unread as object);
    expect((await told(asking)).slice(0, 2)).toEqual([422, 'NOT_AN_IMAGE']);
  });

  it('beyond those under way and a few that wait is told at once to come back', async () => {
    const { ask, take, source } = await serve({ queue: 2 });
    const asking = [ask(), ask(), ask()];
    const first = await take();
    await expect.poll(() => told(ask())).toEqual([503, 'REQUEST_BUSY', '1']);
    const flood = await Promise.all(Array.from({ length: 60 }, () => told(ask())));
    expect(flood.every(([status]) => status === 503)).toBe(true);
    expect(source.counts.refused).toBeGreaterThanOrEqual(61);
    first!.answered!({ n: 0 });
    for (const n of [1, 2]) (await take())!.answered!({ n });
    expect((await Promise.all(asking)).map((r) => r.status)).toEqual([200, 200, 200]);
    const again = ask();
    (await take())!.answered!({});
    expect((await again).status).toBe(200);
  });

  it('is refused for what it is: path, method, size said or not, nothing in it', async () => {
    const { ask, url } = await serve();
    expect((await told(fetch(url.replace('/infer', '/'), { method: 'POST' }))).slice(0, 2)).toEqual([
      404,
      'REQUEST_PATH',
    ]);
    const get = await fetch(url);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await told(ask(new Uint8Array(20_000)))).slice(0, 2)).toEqual([413, 'REQUEST_TOO_LARGE']);
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(4000));
      },
    });
    const endless = told(ask(stream, { duplex: 'half' } as RequestInit)).catch(() => 'cut off');
    expect([[413, 'REQUEST_TOO_LARGE', null], 'cut off']).toContainEqual(await endless);
    expect((await told(ask(''))).slice(0, 2)).toEqual([400, 'REQUEST_INVALID']);
  });

  it('that dawdles is told so, and takes nobody’s place', async () => {
    const { ask, take, url } = await serve({ queue: 0 });
    const slow = request(url, { method: 'POST', headers: { 'content-length': '1000' } });
    slow.write('x');
    const answered = new Promise<number | undefined>((resolve) => slow.once('response', (r) => resolve(r.statusCode)));
    slow.on('error', () => {});
    await expect.poll(async () => (await ask()).status).toBe(503);
    expect(await answered).toBe(408);
    slow.destroy();
    const asking = ask();
    (await take())!.answered!({});
    expect((await asking).status).toBe(200);
  });

  it('whose sender has left is not begun', async () => {
    const { ask, take } = await serve({ queue: 3 });
    const [first, leaving] = [ask(), new AbortController()];
    const begun = await take();
    const left = ask(undefined, { signal: leaving.signal }).catch(() => 'left');
    await new Promise((resolve) => setTimeout(resolve, 50));
    leaving.abort();
    expect(await left).toBe('left');
    begun!.answered!({});
    await first;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const last = ask();
    const next = await take();
    next!.answered!({ last: true });
    expect(await (await last).json()).toMatchObject({ last: true });
  });

  it('needs the token where there is one; without one only programs of this machine are answered', async () => {
    const guarded = await serve({ token: 'secret' });
    for (const authorization of [undefined, 'Bearer wrong', 'Basic secret', 'Bearer secretsecret', 'secret']) {
      const headers = authorization === undefined ? {} : { authorization };
      expect((await told(guarded.ask(undefined, { headers }))).slice(0, 2)).toEqual([401, 'REQUEST_UNAUTHORIZED']);
    }
    const asking = guarded.ask(undefined, { headers: { authorization: 'Bearer secret' } });
    (await guarded.take())!.answered!({});
    expect((await asking).status).toBe(200);
    const plain = await serve();
    const page = plain.ask(undefined, { headers: { origin: 'https://example.org' } });
    expect((await told(page)).slice(0, 2)).toEqual([403, 'REQUEST_FOREIGN']);
    const rebound = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(plain.url).port), '127.0.0.1', () =>
        socket.write(
          'POST /infer HTTP/1.1\r\nHost: evil.example:80\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx',
        ),
      );
      let text = '';
      socket.on('data', (chunk) => (text += chunk)).on('close', () => resolve(text));
    });
    expect(rebound).toMatch(/^HTTP\/1.1 403 /);
  });

  it('that waits at the stop is told so; one under way may still be answered', async () => {
    const { ask, take, stop, source } = await serve();
    const [begun, waiting] = [ask(), ask()];
    const picture = await take();
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort();
    expect(await told(Promise.race([waiting, begun]))).toEqual([503, 'REQUEST_STOPPING', '10']);
    expect((await told(ask())).slice(0, 2)).toEqual([503, 'REQUEST_STOPPING']);
    picture!.answered!({ late: true });
    const responses = await Promise.all([begun, waiting]);
    expect(responses.map((r) => r.status).sort()).toEqual([200, 503]);
    expect(await take()).toBeUndefined();
    await source.close();
    await expect(ask()).rejects.toThrow();
  });

  it('cannot be listened for where somebody else listens', async () => {
    const { url } = await serve();
    const port = Number(new URL(url).port);
    await expect(serve({ port })).rejects.toMatchObject({
      code: 'HTTP_LISTEN',
      message: expect.stringMatching(/EADDRINUSE/),
    });
  });
});
