import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, openDataset } from '../../src/data/index.ts';
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

  it('names the picture that turns out broken when it is read', async () => {
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
    const set = await openDataset(await writeTree({ 'cut.png': whole.subarray(0, whole.length / 2) }), { size });
    await expect(set.test.pixels([0])).rejects.toMatchObject({
      code: 'NOT_AN_IMAGE',
      message: expect.stringMatching(/cut\.png/),
    });
  });
});

describe('a picture', () => {
  const dot = (...rgb: number[]) =>
    ({ create: { width: 4, height: 4, channels: 3, background: { r: rgb[0]!, g: rgb[1]!, b: rgb[2]! } } }) as const;

  it('becomes planes of red, green and blue', async () => {
    const { data } = await decodeImage(
      await sharp(dot(10, 20, 30))
        .png()
        .toBuffer(),
      { channels: 3, height: 4, width: 4 },
    );
    expect([data[0], data[15], data[16], data[32]]).toEqual([10, 10, 20, 30]);
  });

  it('becomes grey by luma, and grey becomes three equal channels', async () => {
    const grey = { channels: 1, height: 4, width: 4 } as const;
    const { data } = await decodeImage(
      await sharp(dot(200, 100, 50))
        .png()
        .toBuffer(),
      grey,
    );
    // .299·200 + .587·100 + .114·50
    expect(new Set(data)).toEqual(new Set([124]));
    const flat = await sharp(dot(77, 77, 77))
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect(new Set((await decodeImage(flat, { channels: 3, height: 4, width: 4 })).data)).toEqual(new Set([77]));
    expect(new Set((await decodeImage(flat, grey)).data)).toEqual(new Set([77]));
  });

  it('is turned upright', async () => {
    const wide = await sharp({ create: { width: 8, height: 4, channels: 3, background: '#000' } })
      .composite([{ input: await plain(4, 4, '#fff'), left: 0, top: 0 }])
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    // White was left; turned clockwise it is on top.
    const { data } = await decodeImage(wide, { channels: 1, height: 8, width: 4 });
    expect([data[0], data[31]]).toEqual([255, 0]);
  });

  it('lies on black where it is transparent', async () => {
    const clear = await sharp({
      create: { width: 4, height: 4, channels: 4, background: { r: 255, g: 255, b: 255, alpha: 0.5 } },
    })
      .png()
      .toBuffer();
    const { data } = await decodeImage(clear, { channels: 3, height: 4, width: 4 });
    expect(Math.abs(data[0]! - 128)).toBeLessThanOrEqual(1);
  });

  it('keeps its aspect: the middle is cut out', async () => {
    const wide = await sharp({ create: { width: 24, height: 8, channels: 3, background: '#000' } })
      .composite([{ input: await plain(8, 8, '#fff'), left: 8, top: 0 }])
      .png()
      .toBuffer();
    expect(new Set((await decodeImage(wide, { channels: 1, height: 8, width: 8 })).data)).toEqual(new Set([255]));
  });

  it('of 16 bits or four inks is read too', async () => {
    const deep = await sharp(dot(255, 0, 128))
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const { data } = await decodeImage(deep, { channels: 3, height: 4, width: 4 });
    expect([data[0], data[16], data[32]]).toEqual([255, 0, 128]);
    const inks = await sharp(dot(255, 255, 255))
      .toColourspace('cmyk')
      .jpeg()
      .toBuffer();
    expect((await decodeImage(inks, { channels: 3, height: 4, width: 4 })).data[0]).toBeGreaterThan(245);
  });

  it('of other channels is refused when asked', async () => {
    const colour = await plain(4, 4, '#123');
    await expect(
      decodeImage(colour, { channels: 1, height: 4, width: 4, strictChannels: true }, 'cam.png'),
    ).rejects.toMatchObject({
      code: 'IMAGE_CHANNELS',
      message: expect.stringMatching(/cam\.png: 3 channels, the network takes 1/),
    });
    await expect(
      decodeImage(colour, { channels: 3, height: 4, width: 4, strictChannels: true }),
    ).resolves.toBeDefined();
  });

  it('that would unpack to too much is refused before it does', async () => {
    const bomb = await sharp({ create: { width: 10_100, height: 10_100, channels: 3, background: '#000' } })
      .png()
      .toBuffer();
    await expect(decodeImage(bomb, size)).rejects.toMatchObject({ code: 'NOT_AN_IMAGE' });
  });

  it('that is not there is named', async () => {
    await expect(decodeImage('/nonexistent/x.png', size)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
