import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAgentConfig } from '../../src/device/index.ts';
import { pictureReader } from '../../src/device/pictures.ts';
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
  const preprocessing = { ...size, layout: 'NCHW' as const, mean: [0], std: [1] };
  const draw = (path: string, channels: 1 | 3) => {
    const image = sharp({ create: { width: 4, height: 4, channels: 3, background: '#888' } });
    return (channels === 1 ? image.toColourspace('b-w') : image).png().toFile(path);
  };
  /** Names of pictures; of those that cannot be read their error. */
  const all = async (paths: string[], strict = true) => {
    const names: string[] = [];
    const reader = pictureReader({ preprocessing, strictChannels: strict });
    for await (const p of await imageSource(paths, reader)) names.push('error' in p ? p.error.code : p.name);
    return names;
  };

  it('takes files and folders in order of name, sub-folders as labels, hidden files not', async () => {
    const set = await mkdtemp(join(folder, 'set-'));
    await mkdir(join(set, 'flat'));
    await mkdir(join(set, 'labels', 'cat'), { recursive: true });
    for (const name of ['flat/b.png', 'flat/a.png', 'labels/cat/x.png']) await draw(join(set, name), 1);
    await writeFile(join(set, 'flat/.hidden'), 'x');
    const paths = ['flat', 'labels', 'flat/a.png'].map((path) => join(set, path));
    expect(await all(paths)).toEqual(['a.png', 'b.png', 'cat/x.png', 'a.png']);
  });

  it('refuses at once what is not there; what is no picture or has the wrong channels costs itself', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    const text = join(folder, 'text.png');
    await writeFile(text, 'no picture');
    const colour = join(folder, 'colour.png');
    await draw(colour, 3);
    await expect(all([join(folder, 'absent')])).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(all([empty])).rejects.toMatchObject({ code: 'DATA_EMPTY' });
    await expect(all([])).rejects.toMatchObject({ code: 'DATA_EMPTY' });
    expect(await all([text, colour])).toEqual(['NOT_AN_IMAGE', 'IMAGE_CHANNELS']);
    expect(await all([text, colour], false)).toEqual(['NOT_AN_IMAGE', 'colour.png']);
  });
});

describe('the results file', () => {
  it('appears whole, in order of the lines, when the run ends', async () => {
    const path = join(folder, 'r.jsonl');
    const results = await openResults(path);
    await Promise.all([0, 1, 2, 3].map((index) => results.append({ index })));
    await expect(readFile(path)).rejects.toThrow('ENOENT');
    await results.finish();
    expect(await results.abandon()).toBeUndefined();
    expect(await readFile(path, 'utf8')).toBe('{"index":0}\n{"index":1}\n{"index":2}\n{"index":3}\n');
  });

  it('of a run that failed is kept beside its place, until a run ends well', async () => {
    const path = join(folder, 'failed.jsonl');
    const failed = await openResults(path);
    await failed.append({ index: 0 });
    expect(await failed.abandon()).toBe(`${path}.partial`);
    await expect(readFile(path)).rejects.toThrow('ENOENT');
    expect(await readFile(`${path}.partial`, 'utf8')).toBe('{"index":0}\n');
    const empty = await openResults(path);
    expect(await empty.abandon()).toBeUndefined();
    const good = await openResults(path);
    await good.finish();
    expect((await readdir(folder)).filter((name) => name.includes('failed'))).toEqual(['failed.jsonl']);
  });

  it('says at once that a folder or a FIFO is in its place, and streams to a device', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const path of [folder, fifo]) {
      await expect(openResults(path)).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' });
    }
    const full = await openResults('/dev/full');
    const told = { code: 'OUTPUT_NOT_WRITABLE', message: expect.stringContaining('ENOSPC') };
    await expect(full.append({ index: 0 })).rejects.toMatchObject(told);
    await expect(full.finish()).rejects.toMatchObject(told);
  });

  it('says at once when it cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    const error = openResults(join(folder, 'file', 'r.jsonl'));
    await expect(error).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE', exit: 1 });
  });
});

it('percentiles lie between neighbours', () => {
  const latencies = Array.from({ length: 100 }, (_, i) => ({
    total: 100 - i,
    head: 1,
    encode: 2,
    network: 3,
    tail: 4,
  }));
  expect(spreads(latencies)?.total).toEqual({ p50: 50.5, p95: 95.05, max: 100 });
  expect(spreads([])).toBeNull();
});
