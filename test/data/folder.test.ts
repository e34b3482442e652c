import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openFolder } from '../../src/data/folder.ts';
import { openDataset } from '../../src/data/index.ts';
import { plain, writeTree } from './fixtures.ts';

const size = { channels: 3, height: 8, width: 8 } as const;

describe('a folder of pictures', () => {
  it('has sub-folders for labels; the first and every fifth of each is for testing', async () => {
    const files: Record<string, Buffer> = {};
    for (let i = 0; i < 7; i++) files[`cat/${i}.png`] = await plain(8, 8, `rgb(${i},0,0)`);
    files['ant/x.jpg'] = await plain(8, 8, '#00ff00', 'jpeg');
    const set = await openDataset(await writeTree(files), { size });
    expect(set.classes).toEqual(['ant', 'cat']);
    expect([...set.test.labels!]).toEqual([0, 1, 1]);
    expect([...set.train.labels!]).toEqual([1, 1, 1, 1, 1]);
    const red = (await set.train.pixels([0, 4])).data.filter((_, i) => i % 192 === 0);
    expect([...red]).toEqual([1, 6]);
  });

  it('takes train and test (or val) as they are', async () => {
    for (const test of ['test', 'val']) {
      const dir = await writeTree({
        'train/a/1.png': await plain(8, 8, '#000'),
        [`${test}/a/1.png`]: await plain(8, 8, '#fff'),
        [`${test}/b/1.png`]: await plain(8, 8, '#fff'),
      });
      const set = await openDataset(dir, { size });
      expect([set.train.count, set.test.count, set.classes]).toEqual([1, 2, ['a', 'b']]);
      expect((await set.test.pixels([0])).data[0]).toBe(255);
    }
  });

  it('without sub-folders has no labels', async () => {
    const dir = await writeTree({ 'b.png': await plain(8, 8, '#010101'), 'a.png': await plain(8, 8, '#020202') });
    const set = await openDataset(dir, { size });
    expect([set.classes, set.test.labels, set.test.count, set.train.count]).toEqual([undefined, undefined, 1, 1]);
    expect((await set.test.pixels([0])).data[0]).toBe(2);
  });

  it('takes the size of its first picture when none is asked for', async () => {
    const set = await openDataset(await writeTree({ 'a.png': await plain(5, 7, '#fff') }));
    expect([set.channels, set.height, set.width]).toEqual([3, 7, 5]);
  });

  it('says every ten seconds how far it is', async () => {
    const files = Object.fromEntries(
      await Promise.all([1, 2, 3].map(async (n) => [`${n}.png`, await plain(8, 8, '#fff')])),
    );
    const dir = await writeTree(files);
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 6000));
    onTestFinished(() => clock.mockRestore());
    const lines: string[] = [];
    await openDataset(dir, { size, note: (line) => lines.push(line) });
    expect(lines[0]).toMatch(/: [12] of 3 pictures read$/);
    expect(lines.length).toBeLessThanOrEqual(3);
  });

  it('has a digest of names and content, wherever it is', async () => {
    const [black, white] = [await plain(8, 8, '#000'), await plain(8, 8, '#fff')];
    const digest = async (files: Record<string, Buffer>) =>
      (await openDataset(await writeTree(files), { size })).sha256;
    const first = await digest({ 'a/1.png': black, 'b/1.png': white });
    expect(await digest({ 'b/1.png': white, 'a/1.png': black, '.hidden': white })).toBe(first);
    expect(await digest({ 'a/1.png': white, 'b/1.png': black })).not.toBe(first);
    expect(await digest({ 'a/1.png': black, 'c/1.png': white })).not.toBe(first);
  });

  it('may be made of links', async () => {
    const dir = await writeTree({ 'real/a.png': await plain(8, 8, '#fff'), 'set/.keep': '' });
    await symlink(join(dir, 'real/a.png'), join(dir, 'set/link.png'));
    expect((await openDataset(join(dir, 'set'), { size })).test.count).toBe(1);
  });

  it.each<[string, Record<string, string | undefined>, string, RegExp]>([
    ['is empty', { '.hidden': '' }, 'DATA_EMPTY', /holds no pictures/],
    ['has an empty label', { 'a/1.png': undefined, 'b/.hidden': '' }, 'DATA_EMPTY', /b: holds no/],
    ['has a text among its pictures', { '1.png': undefined, 'notes.txt': 'hello' }, 'NOT_AN_IMAGE', /notes\.txt/],
    ['has a picture that is none', { '1.png': '<svg xmlns="http://www.w3.org/2000/svg"/>' }, 'NOT_AN_IMAGE', /1\.png/],
    ['has an empty picture', { '1.png': '' }, 'NOT_AN_IMAGE', /1\.png.*empty/],
    [
      'has pictures beside labels',
      { '1.png': undefined, 'a/1.png': undefined },
      'DATA_MALFORMED',
      /beside sub-folders/,
    ],
    ['is too deep', { 'a/b/1.png': undefined }, 'DATA_MALFORMED', /one level deep/],
    [
      'has labels in one split only',
      { 'train/1.png': undefined, 'test/a/1.png': undefined },
      'DATA_MALFORMED',
      /labels/,
    ],
  ])('that %s is refused by name', async (_, files, code, message) => {
    const picture = await plain(8, 8, '#fff');
    const dir = await writeTree(Object.fromEntries(Object.entries(files).map(([k, v]) => [k, v ?? picture])));
    await expect(openDataset(dir, { size })).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('names a picture that is broken inside when it is opened', async () => {
    const whole = await sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: '#123',
        noise: { type: 'gaussian', mean: 99, sigma: 50 },
      },
    })
      .png()
      .toBuffer();
    const dir = await writeTree({ 'a.png': whole, 'b.png': whole, 'cut.png': whole.subarray(0, whole.length / 2) });
    const named = { code: 'NOT_AN_IMAGE', message: expect.stringMatching(/cut\.png/) };
    // Of any picture, victim or not: hours later it would cost what was done until then.
    await expect(openDataset(dir, { size })).rejects.toMatchObject(named);
    // Without room or time to keep pixels it is not known before.
    for (const bound of [{ keptBytes: 2 * 192 }, { keepingMs: 0 }]) {
      const set = await openFolder('x', dir, { size, ...bound });
      await expect(set.train.pixels([1])).rejects.toMatchObject(named);
    }
  });
});
