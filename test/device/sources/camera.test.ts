import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { liveSource } from '../../../src/device/sources/camera.ts';
import { cameraCommand, rtspCommand } from '../../../src/device/sources/commands.ts';
import { type CameraSettings, type RtspSettings, sourceSchema } from '../../../src/device/sources/settings.ts';
import { fakeProgram, ffmpegMissing } from '../../support/programs.ts';
import { rtspServer } from '../../support/rtsp.ts';
import { skip } from '../../support/shared.ts';
import { sourceContext } from './context.ts';

let jpegs: Buffer[];
beforeAll(async () => {
  const draw = (grey: number) =>
    sharp({ create: { width: 64, height: 48, channels: 3, background: { r: grey, g: grey, b: grey } } })
      .jpeg()
      .toBuffer();
  jpegs = await Promise.all([20, 120, 220].map(draw));
});

/** A camera whose program is a script; the first frames that come. */
async function camera(script: string, settings: object = {}) {
  const folder = await fakeProgram('rpicam-vid', script, jpegs);
  const path = process.env.PATH;
  process.env.PATH = `${folder}:${path}`;
  onTestFinished(() => {
    process.env.PATH = path;
  });
  return start({ type: 'camera', program: 'rpicam-vid', ...settings }, folder);
}

async function start(given: object, folder = '') {
  const settings = sourceSchema.parse(given) as CameraSettings | RtspSettings;
  const command = settings.type === 'rtsp' ? rtspCommand(settings, undefined) : cameraCommand(settings);
  const stop = new AbortController();
  const said: string[] = [];
  const size = { channels: 3, height: 24, width: 32 } as const;
  const context = sourceContext({ size, stop: stop.signal, log: (line) => said.push(line) });
  const source = await liveSource(settings.type, command, settings, context);
  onTestFinished(async () => {
    stop.abort();
    await source.close();
  });
  const pictures = source.pictures[Symbol.asyncIterator]();
  const take = async (count: number) => {
    const shades: (number | string)[] = [];
    for (let i = 0; i < count; i++) {
      const { value } = await pictures.next();
      if (value) shades.push('error' in value ? value.error.code : value.pixels.data[0]!);
    }
    return shades;
  };
  const calls = async () => (await readFile(join(folder, 'calls.jsonl'), 'utf8')).trim().split('\n');
  return { source, said, stop, take, calls, counts: source.counts };
}

describe('a camera’s program', () => {
  it('is called without a shell, with what was set, and its frames are taken', async () => {
    const { take, calls } = await camera('let n = 0; setInterval(() => frame(n++), 30)', {
      width: 320,
      fps: 5,
      camera: 1,
    });
    const shades = (await take(6)) as number[];
    expect(new Set(shades.map((shade) => Math.round(shade / 50)))).toEqual(new Set([0, 2, 4]));
    const [args] = (await calls()).map((line) => JSON.parse(line));
    expect(args.join(' ')).toMatch(/--codec mjpeg .*--camera 1 --width 320 --height 480 --framerate 5 --output -$/);
  });

  it('that ends is started again, with more and more patience, and its last word is told', async () => {
    const script = `frame(starts); console.error('a\\nno cameras available'); setTimeout(() => process.exit(255), 20)`;
    const { take, said, counts } = await camera(script);
    expect(await take(3)).toHaveLength(3);
    expect(counts.restarts).toBe(2);
    expect(said.join('\n')).toMatch(
      /rpicam-vid ended: exit code 255, no cameras available; starting it again in 0\.\d s/,
    );
  });

  it('that falls silent is ended, even when it will not hear, and started again', async () => {
    const script = `process.on('SIGTERM', () => {}); frame(starts); setInterval(() => {}, 1000)`;
    const { take, said } = await camera(script, { silenceS: 1 });
    expect(await take(2)).toHaveLength(2);
    expect(said.join()).toMatch(/no frame for 1 s/);
  });

  it('that floods both outputs costs no memory and no time: the latest frame is taken', async () => {
    const script = `let n = 0; const go = () => { for (let i = 0; i < 50; i++) frame(n++);
      process.stderr.write('x'.repeat(60000)); setTimeout(go, 2); }; go();`;
    const { take, counts, said, stop, source } = await camera(script);
    await take(5);
    const before = process.memoryUsage().rss;
    await new Promise((resolve) => setTimeout(resolve, 500));
    await take(5);
    expect(counts.dropped).toBeGreaterThan(100);
    expect(process.memoryUsage().rss - before).toBeLessThan(60e6);
    stop.abort();
    await source.close();
    expect(said.join('').length).toBeLessThan(1000);
  });

  it('that is ended at the stop has gone when the source is closed', async () => {
    const { take, stop, source, calls } = await camera(
      `process.on('SIGTERM', () => {}); setInterval(() => frame(0), 20)`,
    );
    await take(1);
    stop.abort();
    expect(await take(1)).toEqual([]);
    await source.close();
    expect(await calls()).toHaveLength(1);
  });

  it('that is not there is named at once, with its package', async () => {
    const path = process.env.PATH;
    process.env.PATH = '/nowhere';
    onTestFinished(() => {
      process.env.PATH = path;
    });
    await expect(start({ type: 'camera', program: 'v4l2' })).rejects.toMatchObject({
      code: 'SOURCE_PROGRAM',
      exit: 2,
      message: expect.stringMatching(/^ffmpeg is not .*apt install ffmpeg/),
    });
  });
});

describe('ffmpeg', () => {
  it('makes moving pictures of its test pattern', async (ctx) => {
    const missing = ffmpegMissing();
    if (missing) skip(ctx, missing);
    const { take, counts, said } = await start({
      type: 'camera',
      program: 'pattern',
      width: 160,
      height: 120,
      fps: 20,
    });
    expect((await take(8)).every((shade) => typeof shade === 'number')).toBe(true);
    expect([counts.broken, counts.restarts, said]).toEqual([0, 0, []]);
  });

  it('says why a camera is not there, and looks again', async (ctx) => {
    const missing = ffmpegMissing();
    if (missing) skip(ctx, missing);
    const { take, said, stop } = await start({ type: 'camera', program: 'v4l2', device: '/dev/video99' });
    const waiting = take(1);
    await expect.poll(() => said.length, { timeout: 20_000 }).toBeGreaterThan(1);
    expect(said[0]).toMatch(/\/dev\/video99: No such file or directory; starting it again/);
    stop.abort();
    expect(await waiting).toEqual([]);
  });

  it.for(['tcp', 'udp'] as const)(
    'reads an RTSP stream by %s, which comes back when its server does',
    { timeout: 90_000 },
    async (transport, ctx) => {
      const missing = ffmpegMissing();
      if (missing) skip(ctx, missing);
      const first = await rtspServer();
      const { take, counts, said } = await start({ type: 'rtsp', url: first.url, transport, silenceS: 4 });
      expect((await take(5)).every((shade) => typeof shade === 'number')).toBe(true);
      await first.close();
      await expect.poll(() => said.length, { timeout: 20_000 }).toBeGreaterThan(0);
      await rtspServer(first.port);
      const restarts = counts.restarts;
      const after = async () => {
        await take(1);
        return counts.restarts;
      };
      await expect.poll(after, { timeout: 40_000 }).toBeGreaterThan(restarts);
      expect((await take(5)).every((shade) => typeof shade === 'number')).toBe(true);
    },
  );
});
