/** Who is let in to the dashboard, and what a browser may do with its pages. */
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../../src/fleet/fleet.ts';
import { serveWeb, type Web } from '../../src/fleet/web/server.ts';
import { Sessions } from '../../src/fleet/web/sessions.ts';
import { health, json, topic } from './said.ts';

const token = 'a-token-that-nobody-guesses';
let web: Web;
let fleet: Fleet;
beforeEach(async () => {
  fleet = new Fleet({ fleet: 'yard', maxDevices: 5, maxConsumers: 5, now: Date.now });
  fleet.connected(true);
  web = await serveWeb({
    host: '127.0.0.1',
    port: 0,
    token,
    fleet: 'yard',
    program: '(function(){})()',
    since: (mark) => fleet.since(mark),
    mark: () => fleet.mark,
    report: { waitsFor: () => 'the broker', metrics: () => [] },
  });
});
afterEach(() => web.close());

const get = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
  fetch(web.url + path, { redirect: 'manual', headers, ...init });
const bearer = { Authorization: `Bearer ${token}` };
const login = (text: string, type = 'application/x-www-form-urlencoded') =>
  get('/login', { 'Content-Type': type }, { method: 'POST', body: text });
const cookieOf = (response: Response) => response.headers.get('set-cookie')!.split(';')[0]!;

describe('the token', () => {
  it('opens everything, as a header and by the form; without it there is nothing but the form', async () => {
    for (const path of ['/fleet.json', '/events', '/metrics']) expect((await get(path)).status).toBe(401);
    const form = await get('/');
    expect([form.status, await form.text()]).toEqual([401, expect.stringContaining('type="password"')]);
    expect(await (await get('/fleet.json', bearer)).json()).toMatchObject({ format: 'cutline.fleet/1', fleet: 'yard' });
    const entered = await login(`token=${token}`);
    expect([entered.status, entered.headers.get('location')]).toEqual([303, '/']);
    const set = entered.headers.get('set-cookie')!;
    expect(set).toMatch(/^cutline-yard=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    expect(set).not.toContain(token);
    const inside = await get('/', { Cookie: cookieOf(entered) });
    expect([inside.status, await inside.text()]).toEqual([200, expect.stringContaining('id="fleet"')]);
    const out = await get('/logout', { Cookie: cookieOf(entered) }, { method: 'POST' });
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await get('/fleet.json', { Cookie: cookieOf(entered) })).status).toBe(401);
  });

  it.each([
    ['a wrong one', 'token=wrong', 401],
    ['none', 'nothing=1', 400],
    ['an empty one', 'token=', 401],
    ['a long one', `token=${'x'.repeat(5000)}`, 400],
  ])('%s opens nothing', async (_, text, status) => {
    const response = await login(text);
    expect([response.status, response.headers.get('set-cookie')]).toEqual([status, null]);
    expect(await response.text()).toContain('role="alert"');
  });

  it('is not taken from an address, which would be logged, nor from a form of another kind', async () => {
    expect((await get(`/fleet.json?token=${token}`)).status).toBe(401);
    expect((await login(JSON.stringify({ token }), 'application/json')).status).toBe(400);
    for (const wrong of ['Bearer', `Basic ${token}`, `Bearer ${token}x`, `Bearer  `])
      expect((await get('/fleet.json', { Authorization: wrong })).status).toBe(401);
    for (const cookie of ['cutline-yard=', 'cutline-yard=x', `cutline-yard=${token}`])
      expect((await get('/fleet.json', { Cookie: cookie })).status).toBe(401);
  });

  it('is guessed slowly: many wrong ones at once are turned away', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => login('token=wrong')));
    const statuses = all.map((r) => r.status);
    expect(statuses.filter((s) => s === 429).length).toBeGreaterThanOrEqual(8);
    expect((await login(`token=${token}`)).status).toBe(303);
  });
});

describe('what is served', () => {
  it('is closed to other sites and runs only its own program', async () => {
    for (const [path, headers] of [
      ['/', bearer],
      ['/', {}],
      ['/fleet.json', bearer],
      ['/nothing', {}],
      ['/fleet.json', {}],
    ] as const) {
      const response = await get(path, headers);
      const said = (name: string) => response.headers.get(name);
      expect(said('cache-control')).toBe('no-store');
      expect(said('x-content-type-options')).toBe('nosniff');
      expect(said('x-frame-options')).toBe('DENY');
      expect(said('referrer-policy')).toBe('no-referrer');
      expect(said('content-security-policy')).toMatch(/^default-src 'none';.*frame-ancestors 'none'/);
      expect(said('content-security-policy')).not.toMatch(/unsafe|\*/);
      expect(said('access-control-allow-origin')).toBeNull();
      await response.text();
    }
    expect((await get('/fleet.json', bearer, { method: 'DELETE' })).status).toBe(405);
    expect((await get('/../etc/passwd', bearer)).status).toBe(404);
    expect(await (await get('/healthz')).text()).toBe('ok\n');
    expect(await (await get('/readyz')).text()).toBe('not ready\n');
    expect((await get('/metrics', bearer)).status).toBe(200);
  });

  it('tells what changes as it does, and stops when the session does', { timeout: 15_000 }, async () => {
    const cookie = cookieOf(await login(`token=${token}`));
    const heard: { isWhole: boolean; devices: { name: string }[] }[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      request(`${web.url}/events`, { headers: { Cookie: cookie } }, (response) => {
        expect(response.headers['content-type']).toContain('text/event-stream');
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
            heard.push(JSON.parse(text.slice('data: '.length, end)));
            text = text.slice(end + 2);
          }
        });
        response.on('end', resolve);
      })
        .on('error', reject)
        .end();
    });
    await expect.poll(() => heard.length, { timeout: 5000 }).toBe(1);
    expect(heard[0]).toMatchObject({ isWhole: true, devices: [] });
    fleet.receive(topic.health('cam-1'), json(health('cam-1')), false);
    await expect.poll(() => heard.length, { timeout: 5000 }).toBe(2);
    expect(heard[1]).toMatchObject({ isWhole: false, devices: [{ name: 'cam-1' }] });
    await get('/logout', { Cookie: cookie }, { method: 'POST' });
    await ended;
  });

  it('goes to so many pages at once, and to none that does not read', async () => {
    const aborts = Array.from({ length: 16 }, () => new AbortController());
    for (const { signal } of aborts) expect((await get('/events', bearer, { signal })).status).toBe(200);
    expect((await get('/events', bearer)).status).toBe(503);
    for (const abort of aborts) abort.abort();
    await expect
      .poll(async () => (await get('/events', bearer, { method: 'HEAD' })).status, { timeout: 5000 })
      .toBe(200);
  });
});

describe('sessions', () => {
  it('end by themselves, and the oldest for a new one', () => {
    let now = 0;
    const sessions = new Sessions('yard', () => now);
    const begin = () => sessions.begin(false).split(';')[0]!;
    const first = begin();
    expect(sessions.of(`a=b; ${first}; c=d`)).toBeDefined();
    now += 12 * 3_600_000;
    expect(sessions.of(first)).toBeUndefined();
    const second = begin();
    for (let i = 0; i < 256; i++) begin();
    expect(sessions.of(second)).toBeUndefined();
    expect(sessions.begin(true)).toMatch(/; Secure$/);
  });
});
