import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAgentConfig } from '../../src/device/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-agent-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the configuration of an agent', () => {
  const read = async (text: string) => {
    const path = join(folder, 'agent.yaml');
    await writeFile(path, text);
    return readAgentConfig(path);
  };
  const minimal = 'broker: {url: "mqtt://127.0.0.1:1883"}\nfleet: yard\ndevice: cam-1\nplan: plan.json\n';

  it('needs little and fills in the rest', async () => {
    const { config } = await read(`${minimal}images: [pictures]\n`);
    expect(config).toMatchObject({ qos: 0, inFlight: 1, timeoutMs: 2000, images: [join(folder, 'pictures')] });
  });

  it.each([
    ['a key that is unknown', `${minimal}timeout: 5\n`, /timeout: unknown key/],
    ['a key that is unknown inside', minimal.replace('1883"', '1883", port: 1'), /broker.port: unknown key/],
    ['a key that is missing', 'fleet: yard\n', /broker: .*device: /],
    ['a name with a wildcard', minimal.replace('cam-1', '"+"'), /device: use 1 to 64/],
    ['credentials in the URL', minimal.replace('127', 'u:p@127'), /broker.url: expected mqtt:/],
    ['QoS 2', `${minimal}qos: 2\n`, /qos/],
    ['what is not YAML', 'broker: [', /agent.yaml/],
  ])('says where it is wrong: %s', async (_, text, message) => {
    const error = await read(text).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exit: 2, message: expect.stringMatching(message) });
  });
});

/** Settings that are right, by what they configure; each is spoilt in every way below. */
const right: Record<string, Record<string, unknown>> = {
  'source folder': { type: 'folder', paths: ['a'], maxFps: 5, change: { threshold: 3, atLeastEveryS: 10 } },
  'source watch': { type: 'watch', folder: 'a', settleMs: 100, pollMs: 100, existing: true },
  'source stdin mjpeg': { type: 'stdin', format: 'mjpeg', drop: 'wait', queue: 2, maxFrameBytes: 5000 },
  'source stdin raw': { type: 'stdin', format: 'raw', width: 2, height: 2, pixels: 'rgb' },
  'source http': { type: 'http', host: '127.0.0.1', port: 80, queue: 1, maxBodyBytes: 5000, bodyTimeoutMs: 500 },
  'source http outside': { type: 'http', host: '0.0.0.0', tokenFile: 't' },
  'source camera': { type: 'camera', program: 'rpicam-vid', camera: 0, width: 64, height: 64, fps: 5, silenceS: 5 },
  'source camera usb': { type: 'camera', program: 'v4l2', device: '/dev/video1', drop: 'newest' },
  'source rtsp': { type: 'rtsp', url: 'rtsp://cam/1', username: 'u', passwordFile: 'p', transport: 'udp' },
  'sinks stdout': { type: 'stdout', outputs: false, filter: { labels: ['a'], minScore: 0.5, failures: true } },
  'sinks file': { type: 'file', path: 'a', fsync: 'each', maxBytes: 5000, queue: 5 },
  'sinks mqtt': { type: 'mqtt', topic: 'a/b', qos: 0, retain: true, broker: { url: 'mqtt://h:1' } },
  'sinks webhook': { type: 'webhook', url: 'https://h/x', tokenFile: 't', timeoutMs: 50, retries: 0 },
};

describe('sources and sinks in a configuration', () => {
  const base = { broker: { url: 'mqtt://127.0.0.1:1883' }, fleet: 'yard', device: 'cam-1', plan: 'plan.json' };
  const read = async (kind: string, value: unknown) => {
    const path = join(folder, 'spoilt.json');
    await writeFile(path, JSON.stringify({ ...base, [kind]: kind === 'sinks' ? [value] : value }));
    return readAgentConfig(path);
  };

  it.each(Object.entries(right))('are read: %s', async (name, settings) => {
    await expect(read(name.split(' ')[0]!, settings)).resolves.toBeDefined();
  });

  it.each(Object.entries(right))('say where they are wrong, whatever it is: %s', async (name, settings) => {
    const kind = name.split(' ')[0]!;
    const where = kind === 'sinks' ? 'sinks.0' : kind;
    const wrong = [null, -1, 1e12, 1.5, '', [], {}, [{}], { x: 1 }, 'no such', true];
    const spoilt: [string, unknown][] = [
      ...Object.keys(settings).flatMap((key) => wrong.map((w): [string, unknown] => [key, { ...settings, [key]: w }])),
      ['unknown', { ...settings, unknown: 1 }],
      ['', 5],
      ['', [settings]],
      ['type', { ...settings, type: undefined }],
    ];
    let refused = 0;
    for (const [key, value] of spoilt) {
      const error = await read(kind, value).then(
        () => undefined,
        (e: unknown) => e as { code: string; message: string },
      );
      // Some of what is tried is right for that setting.
      if (!error) continue;
      refused++;
      const hint = `${key}: ${JSON.stringify(value)} → ${error.message}`;
      expect(error.code, hint).toBe('CONFIG_INVALID');
      expect(error.message, hint).toContain(key === '' ? where : `${where}.${key}`);
      expect(error.message, hint).not.toMatch(/Invalid input(;|\.|$)/);
    }
    expect(refused).toBeGreaterThan(spoilt.length / 2);
  });

  it.each<[string, object, RegExp]>([
    ['source', { type: 'http', host: '192.168.1.2' }, /source.tokenFile: needed/],
    ['source', { type: 'rtsp', url: 'rtsp://u:p@cam/1' }, /source.url: expected rtsp:.*without a password/],
    ['source', { type: 'rtsp', url: 'file:///etc/passwd' }, /source.url/],
    ['source', { type: 'rtsp', url: 'rtsp://cam/1', username: 'u' }, /source.passwordFile: username and/],
    ['source', { type: 'camera', program: 'v4l2', device: '-i' }, /source.device: expected a path/],
    ['source', { type: 'camera', program: 'v4l2', camera: 1 }, /source.camera: unknown key/],
    ['source', { type: 'camera', program: 'sh' }, /source.program: expected rpicam-vid,/],
    ['source', { type: 'stdin', format: 'raw' }, /source.width: .*source.height: .*source.pixels: /],
    ['sinks', { type: 'webhook', url: 'file:///etc/passwd' }, /sinks.0.url: expected http:/],
    ['sinks', { type: 'webhook', url: 'http://u:p@h/' }, /sinks.0.url/],
    ['sinks', { type: 'mqtt', topic: 'a/#' }, /sinks.0.topic: expected a topic/],
    ['sinks', { type: 'mqtt', topic: '$SYS/x' }, /sinks.0.topic/],
    ['sinks', { type: 'smtp' }, /sinks.0.type: expected stdout, file, mqtt or webhook/],
    ['resultsFsync', 'sometimes' as never, /resultsFsync: expected never, each, or seconds/],
  ])('are refused with what is right: %s %j', async (kind, value, message) => {
    await expect(read(kind, value)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });
});
