import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAgentConfig } from '../../src/device/index.ts';
import { spreads } from '../../src/device/record.ts';
import { openResults } from '../../src/device/results.ts';
import { imageSource } from '../../src/device/source.ts';

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

describe('image files as a source', () => {
  const size = { channels: 1 as const, height: 4, width: 4 };
  const draw = (path: string, channels: 1 | 3) => {
    const image = sharp({ create: { width: 4, height: 4, channels: 3, background: '#888' } });
    return (channels === 1 ? image.toColourspace('b-w') : image).png().toFile(path);
  };
  const all = async (paths: string[], strict = true) => {
    const names: string[] = [];
    for await (const p of await imageSource(paths, size, strict)) names.push(p.name);
    return names;
  };

  it('takes files and folders in order of name, sub-folders as labels, hidden files not', async () => {
    const set = await mkdtemp(join(folder, 'set-'));
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(set, 'cat'));
    await draw(join(set, 'b.png'), 1);
    await draw(join(set, 'a.png'), 1);
    await draw(join(set, 'cat', 'x.png'), 1);
    await writeFile(join(set, '.hidden'), 'x');
    expect(await all([set, join(set, 'a.png')])).toEqual(['a.png', 'b.png', 'cat/x.png', 'a.png']);
  });

  it('refuses with a code: nothing there, an empty folder, what is no picture, the wrong channels', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    const text = join(folder, 'text.png');
    await writeFile(text, 'no picture');
    const colour = join(folder, 'colour.png');
    await draw(colour, 3);
    await expect(all([join(folder, 'absent')])).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(all([empty])).rejects.toMatchObject({ code: 'DATA_EMPTY' });
    await expect(all([])).rejects.toMatchObject({ code: 'DATA_EMPTY' });
    await expect(all([text])).rejects.toMatchObject({ code: 'NOT_AN_IMAGE' });
    await expect(all([colour])).rejects.toMatchObject({ code: 'IMAGE_CHANNELS' });
    expect(await all([colour], false)).toEqual(['colour.png']);
  });
});

describe('the results file', () => {
  it('appears whole, in order of the lines, when the run ends', async () => {
    const path = join(folder, 'r.jsonl');
    const results = await openResults(path);
    await Promise.all([0, 1, 2, 3].map((index) => results.append({ index })));
    await expect(readFile(path)).rejects.toThrow('ENOENT');
    await results.finish();
    await results.discard();
    expect(await readFile(path, 'utf8')).toBe('{"index":0}\n{"index":1}\n{"index":2}\n{"index":3}\n');
  });

  it('says at once when it cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    const error = openResults(join(folder, 'file', 'r.jsonl'));
    await expect(error).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE', exit: 1 });
  });
});

it('percentiles are nearest rank', () => {
  const latencies = Array.from({ length: 100 }, (_, i) => ({
    total: 100 - i,
    head: 1,
    encode: 2,
    network: 3,
    tail: 4,
  }));
  expect(spreads(latencies)?.total).toEqual({ p50: 50, p95: 95, max: 100 });
  expect(spreads([])).toBeNull();
});
