import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Done } from '../../../src/device/results/index.ts';
import { folderSource } from '../../../src/device/sources/folder.ts';
import { sha256Of } from '../../../src/device/sources/picture.ts';
import { sourceContext } from './context.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-folder-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('image files as a source', () => {
  const size = { channels: 1 as const, height: 4, width: 4 };
  const draw = (path: string, channels: 1 | 3) => {
    const image = sharp({ create: { width: 4, height: 4, channels: 3, background: '#888' } });
    return (channels === 1 ? image.toColourspace('b-w') : image).png().toFile(path);
  };
  /** Names of pictures; of those that cannot be read their error. */
  const all = async (paths: string[], strictChannels = true, done?: Done) => {
    const names: string[] = [];
    const { pictures, counts } = await folderSource(paths, sourceContext({ size, strictChannels, done }));
    for await (const p of pictures) names.push('error' in p ? p.error.code : p.name);
    return { names, counts };
  };

  it('takes files and folders in order of name, sub-folders as labels, hidden files not', async () => {
    const set = await mkdtemp(join(folder, 'set-'));
    await mkdir(join(set, 'flat'));
    await mkdir(join(set, 'labels', 'cat'), { recursive: true });
    for (const name of ['flat/b.png', 'flat/a.png', 'labels/cat/x.png']) await draw(join(set, name), 1);
    await writeFile(join(set, 'flat/.hidden'), 'x');
    const paths = ['flat', 'labels', 'flat/a.png'].map((path) => join(set, path));
    expect((await all(paths)).names).toEqual(['a.png', 'b.png', 'cat/x.png', 'a.png']);
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
    expect((await all([text, colour])).names).toEqual(['NOT_AN_IMAGE', 'IMAGE_CHANNELS']);
    expect((await all([text, colour], false)).names).toEqual(['NOT_AN_IMAGE', 'colour.png']);
  });

  it('passes over what was answered, by content, each answer for one picture and its own name first', async () => {
    const set = await mkdtemp(join(folder, 'again-'));
    for (const [name, grey] of Object.entries({ a: 10, b: 10, c: 30, d: 40 })) {
      const image = sharp({ create: { width: 4, height: 4, channels: 3, background: { r: grey, g: grey, b: grey } } });
      await image.png().toFile(join(set, `${name}.png`));
    }
    const digest = async (name: string) => sha256Of(await readFile(join(set, name)));
    const done = new Done();
    // What was c before it was renamed; b, whose content a has too; d, but of another content.
    done.add({ image: 'gone.png', sha256: await digest('c.png') });
    done.add({ image: 'b.png', sha256: await digest('b.png') });
    done.add({ image: 'd.png', sha256: 'f'.repeat(64) });
    const { names, counts } = await all([set], false, done);
    expect(names).toEqual(['a.png', 'd.png']);
    expect(counts.resumed).toBe(2);
  });
});
