/** Where pictures come from and where results go, with real processes. */
import { copyFile, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { fakeProgram } from '../support/programs.ts';
import { type Deployment, deploy } from './support/deployment.ts';
import { type Fleet, fleet, summaryOf } from './support/fleet.ts';
import { freePort, run } from './support/processes.ts';

const COUNT = 12;
let deployment: Deployment;
let f: Fleet;
const at = (...parts: string[]) => join(deployment.folder, ...parts);
beforeAll(async () => {
  deployment = await deploy({ images: COUNT });
});
afterAll(() => deployment?.remove());
beforeEach(async () => {
  f = await fleet('aedes', deployment);
  await f.broker();
  await f.consumer();
});
afterEach(() => f?.end());

const names = async () => (await readdir(at('images'))).sort();
const jpegs = async () =>
  Promise.all((await names()).map((name) => sharp(at('images', name)).jpeg({ quality: 95 }).toBuffer()));
const live = { images: [], channels: 'convert' };
const rowsOf = async (path: string) =>
  (await readFile(path, 'utf8').catch(() => ''))
    .split('\n')
    .slice(0, -1)
    .map((row) => JSON.parse(row));

/** An agent of these settings, with standard input. */
async function piped(settings: object, ...args: string[]) {
  const common = { broker: { url: f.url }, fleet: 'yard', plan: 'plan.json', threads: 1, device: 'cam-1' };
  const config = await deployment.config('piped.yaml', { ...common, protocol: './least.yaml', ...live, ...settings });
  const agent = run(process.execPath, ['dist/cli/main.js', 'agent', '--config', config, ...args], { stdin: 'pipe' });
  onTestFinished(async () => void (await agent.stop('SIGKILL')));
  return agent;
}

describe('pictures over HTTP', () => {
  it('are answered as those of a folder are; broken ones and floods are told; SIGTERM ends it', async () => {
    const whole = await f.agent({}, '--results', at('whole.jsonl'));
    expect(await whole.ended).toBe(0);
    const expected = new Map((await rowsOf(at('whole.jsonl'))).map((row) => [row.image, row]));
    const port = await freePort();
    const source = { type: 'http', port, queue: 3 };
    const agent = await f.agent({ ...live, inFlight: 2, source }, '--results', at('http.jsonl'));
    await agent.says(`http://127.0.0.1:${port}/infer`);
    const ask = async (body: Uint8Array): Promise<Record<string, unknown>> => {
      const response = await fetch(`http://127.0.0.1:${port}/infer`, { method: 'POST', body });
      return {
        status: response.status,
        retry: response.headers.get('retry-after'),
        ...((await response.json()) as Record<string, unknown>),
      };
    };
    for (const name of (await names()).slice(0, 4)) {
      const told = await ask(await readFile(at('images', name)));
      const row = expected.get(name);
      expect(told).toMatchObject({ status: 200, format: 'cutline.result/1', top1: row.top1, sha256: row.sha256 });
      expect(told.outputs).toEqual(row.outputs);
    }
    expect(await ask(Buffer.from('milk'))).toMatchObject({ status: 422, code: 'NOT_AN_IMAGE' });
    const picture = await readFile(at('images/0000.png'));
    const flood = await Promise.all(Array.from({ length: 80 }, () => ask(picture)));
    const [taken, refused] = [200, 503].map((status) => flood.filter((r) => r.status === status));
    expect(taken!.length + refused!.length).toBe(80);
    expect(taken!.length).toBeGreaterThanOrEqual(5);
    expect(refused!.every((r) => r.code === 'REQUEST_BUSY' && r.retry === '1')).toBe(true);
    expect(await agent.stop('SIGTERM')).toBe(0);
    const { inferences, source: counts } = summaryOf(agent);
    expect(inferences).toEqual({ total: 5 + taken!.length, answered: 4 + taken!.length, failed: 1 });
    expect(counts.refused).toBe(refused!.length);
    expect(await rowsOf(at('http.jsonl'))).toHaveLength(inferences.total);
  });

  it('wait for nobody when the broker is given up, or the address is somebody else’s or open to all', async () => {
    const port = await freePort();
    const lost = await f.agent(
      { ...live, broker: { url: `mqtt://127.0.0.1:${await freePort()}` }, source: { type: 'http', port } },
      '--give-up-after',
      '1',
    );
    expect(await lost.ended).toBe(1);
    expect(JSON.parse(lost.stdout()).code).toBe('BROKER_UNREACHABLE');
    const server = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void server.close());
    const taken = await f.agent({ ...live, source: { type: 'http', port } });
    expect(await taken.ended).toBe(1);
    expect(JSON.parse(taken.stdout()).code).toBe('HTTP_LISTEN');
    const exposed = await f.agent({ ...live, source: { type: 'http', host: '0.0.0.0' } });
    expect(await exposed.ended).toBe(2);
    expect(JSON.parse(exposed.stdout()).message).toMatch(
      /source.tokenFile: needed, since host is reachable from outside/,
    );
  });
});

describe('frames on standard input', () => {
  it('are all answered, as fast as they are taken, with JSON lines on standard output', async () => {
    const source = { type: 'stdin', format: 'mjpeg' };
    const agent = await piped({ source, sinks: [{ type: 'stdout', outputs: false }] });
    const frames = await jpegs();
    for (let i = 0; i < 5; i++) for (const frame of frames) agent.stdin!.write(frame);
    agent.stdin!.end(frames[0]!.subarray(0, 100));
    expect(await agent.ended, agent.stderr()).toBe(0);
    const rows = agent
      .stdout()
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row));
    expect(rows.map((row) => row.image)).toEqual(Array.from({ length: 60 }, (_, i) => `stdin-${i}`));
    expect(rows.every((row) => row.score > 0 && row.score <= 1 && !row.outputs)).toBe(true);
    expect(agent.stderr()).toMatch(/60 of 60 inferences answered/);
  });

  it('that are raw are seen as the same pictures are in files', async () => {
    const whole = await f.agent({}, '--results', at('raw-whole.jsonl'));
    expect(await whole.ended).toBe(0);
    const source = { type: 'stdin', format: 'raw', width: 28, height: 28, pixels: 'gray' };
    const agent = await piped({ source, channels: 'refuse' }, '--json', '--results', at('raw.jsonl'));
    for (const name of await names())
      agent.stdin!.write(await sharp(at('images', name)).toColourspace('b-w').raw().toBuffer());
    agent.stdin!.end();
    expect(await agent.ended, agent.stderr()).toBe(0);
    const outputs = async (path: string) => (await rowsOf(path)).map((row) => row.outputs);
    expect(await outputs(at('raw.jsonl'))).toEqual(await outputs(at('raw-whole.jsonl')));
  });

  it('faster than they can be taken are dropped and counted where that is asked for; the stop waits for none', async () => {
    const source = { type: 'stdin', format: 'mjpeg', drop: 'oldest', change: { threshold: 1 } };
    const path = at('flood.jsonl');
    const agent = await piped({ source }, '--json', '--results', path);
    const frames = await jpegs();
    agent.stdin!.on('error', () => {});
    await agent.says('connected');
    let written = 0;
    const isEnough = async () => written > 2000 && (await rowsOf(path)).length > 5;
    for (const deadline = Date.now() + 30_000; Date.now() < deadline && !(await isEnough()); ) {
      for (let i = 0; i < 100; i++) agent.stdin!.write(frames[written++ % COUNT]!);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await agent.stop('SIGTERM');
    const { source: counts, inferences } = summaryOf(agent);
    expect(counts.dropped).toBeGreaterThan(100);
    expect(inferences.answered).toBeGreaterThan(5);
    expect(inferences.answered + inferences.failed + counts.dropped + counts.unchanged).toBeLessThanOrEqual(written);
  });

  it('that never come are told', async () => {
    const agent = await piped({ source: { type: 'stdin', format: 'mjpeg' } }, '--json');
    agent.stdin!.end();
    expect(await agent.ended).toBe(2);
    expect(JSON.parse(agent.stdout())).toMatchObject({ code: 'DATA_EMPTY' });
    const both = await piped({ source: { type: 'stdin', format: 'mjpeg' }, sinks: [{ type: 'stdout' }] }, '--json');
    expect(await both.ended).toBe(2);
    expect(both.stdout()).toMatch(/stdout cannot be had/);
  });
});

describe('a watched folder', () => {
  it('is answered as pictures come, and gone on with after a kill -9', async () => {
    await mkdir(at('inbox'));
    const settings = {
      ...live,
      channels: 'refuse',
      source: { type: 'watch', folder: 'inbox', settleMs: 100, pollMs: 50 },
    };
    const path = at('inbox.jsonl');
    const put = async (name: string) => {
      await copyFile(at('images', name), at('inbox', `.${name}`));
      await rename(at('inbox', `.${name}`), at('inbox', name));
    };
    const all = await names();
    const first = await f.agent(settings, '--results', path);
    for (const name of all.slice(0, 5)) await put(name);
    await expect.poll(async () => (await rowsOf(path)).length, { timeout: 20_000 }).toBe(5);
    await first.stop('SIGKILL');
    const second = await f.agent(settings, '--results', path);
    for (const name of all.slice(5)) await put(name);
    await expect.poll(async () => (await rowsOf(path)).length, { timeout: 20_000 }).toBe(COUNT);
    expect(await second.stop('SIGTERM')).toBe(0);
    expect(summaryOf(second)).toMatchObject({ inferences: { answered: COUNT - 5 }, source: { resumed: 5 } });
    const rows = await rowsOf(path);
    expect(rows.map((row) => row.image).sort()).toEqual(all);
    expect(rows.map((row) => row.index)).toEqual([...Array(COUNT).keys()]);
  });
});

describe('a camera', () => {
  it('whose program dies comes back; its child goes with the agent', async () => {
    const script = `let n = 0; setInterval(() => { frame(n++); if (starts === 0 && n === 8) process.exit(1); }, 25);`;
    const folder = await fakeProgram('rpicam-vid', script, await jpegs());
    const common = { broker: { url: f.url }, fleet: 'yard', plan: 'plan.json', threads: 1, device: 'cam-1' };
    const source = { type: 'camera', program: 'rpicam-vid', maxFps: 20 };
    const sinks = [{ type: 'file', path: 'seen.jsonl', filter: { minScore: 0 } }];
    const config = await deployment.config('camera.yaml', {
      ...common,
      protocol: './least.yaml',
      ...live,
      source,
      sinks,
    });
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const agent = run(process.execPath, ['dist/cli/main.js', 'agent', '--config', config, '--json'], { env });
    onTestFinished(async () => void (await agent.stop('SIGKILL')));
    await agent.says('rpicam-vid ended: exit code 1; starting it again');
    const before = (await rowsOf(at('seen.jsonl'))).length;
    await expect
      .poll(async () => (await rowsOf(at('seen.jsonl'))).length, { timeout: 20_000 })
      .toBeGreaterThan(before + 10);
    expect(await agent.stop('SIGTERM')).toBe(0);
    const { source: counts, sinks: told, inferences } = summaryOf(agent);
    expect(counts.restarts).toBe(1);
    expect(told).toMatchObject([{ type: 'file', delivered: inferences.answered, dropped: 0, failed: 0 }]);
  });
});

describe('sinks', () => {
  it('that hang or are away hold up nothing; what is delivered is counted', async () => {
    const heard: string[] = [];
    const good = createServer((request, response) => {
      request.on('data', (chunk) => heard.push(String(chunk))).on('end', () => response.end());
    });
    const hanging = createServer(() => {});
    for (const server of [good, hanging]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    onTestFinished(() => {
      for (const server of [good, hanging]) {
        server.closeAllConnections();
        server.close();
      }
    });
    const urlOf = (server: typeof good) => `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
    const sinks = [
      { type: 'webhook', url: urlOf(good) },
      { type: 'webhook', url: urlOf(hanging) },
      { type: 'mqtt', broker: { url: `mqtt://127.0.0.1:${await freePort()}` } },
      { type: 'mqtt' },
    ];
    const agent = await f.agent({ sinks });
    expect(await agent.ended, agent.stderr()).toBe(0);
    const { sinks: told, inferences, seconds } = summaryOf(agent);
    expect(inferences.answered).toBe(COUNT);
    expect(told.map(({ type, delivered, dropped, failed }) => [type, delivered, dropped + failed])).toEqual([
      ['webhook', COUNT, 0],
      ['webhook', 0, COUNT],
      ['mqtt', 0, COUNT],
      ['mqtt', COUNT, 0],
    ]);
    expect(heard).toHaveLength(COUNT);
    expect(seconds).toBeLessThan(20);
  });
});

it('an agent that is told of both images and a source refuses', async () => {
  const agent = await f.agent({ source: { type: 'folder', paths: ['images'] } });
  expect(await agent.ended).toBe(2);
  expect(JSON.parse(agent.stdout()).message).toMatch(/images, source: give one of them/);
});
