/** A folder is the same set of pictures for the device that reads it and for the audit that clears it. */
import { execFileSync } from 'node:child_process';
import { link, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDataset } from '../../src/data/index.ts';
import { pictureFiles } from '../../src/data/picture-files.ts';
import { folderSource } from '../../src/device/sources/folder.ts';
import type { CutlineError } from '../../src/errors.ts';
import { sourceContext } from '../device/sources/context.ts';
import { plain, tempDir, writeTree } from './fixtures.ts';

const size = { channels: 3, height: 8, width: 8 } as const;
/** What both sides make of a folder: the shades of its pictures in order, or the code and message of one refusal. */
async function seen(dir: string): Promise<{ shades: number[] } | { code: string; message: string }> {
  const told = (error: CutlineError) => ({ code: error.code, message: error.message });
  const device = async () => {
    const shades: number[] = [];
    for await (const picture of (await folderSource([dir], sourceContext({ size }))).pictures) {
      if ('error' in picture) throw picture.error;
      shades.push(picture.pixels.data[0]!);
    }
    return { shades: shades.sort() };
  };
  const audit = async () => {
    const { train, test } = await openDataset(dir, { size });
    const shades: number[] = [];
    for (const split of [train, test]) {
      const { data } = await split.pixels(Array.from({ length: split.count }, (_, i) => i));
      for (let i = 0; i < data.length; i += 192) shades.push(data[i]!);
    }
    return { shades: shades.sort() };
  };
  const [one, other] = await Promise.all([device().catch(told), audit().catch(told)]);
  expect(one).toEqual(other);
  return one;
}

const shade = (n: number, format?: 'png' | 'jpeg' | 'webp') => plain(8, 8, `rgb(${n},${n},${n})`, format);

describe('a folder of pictures, for the device and for an audit', () => {
  it.each<[string, Record<string, number | string>, number[]]>([
    ['pictures of any ending', { 'a.PNG': 10, 'b.Jpeg': 20, 'c.JPG': 30, d: 40, 'e.txt': 50 }, [10, 20, 30, 40, 50]],
    ['labels', { 'cat/1.png': 10, 'dog/1.png': 20, 'dog/2.png': 30 }, [10, 20, 30]],
    ['hidden names', { 'a.png': 10, '.b.png': 'x', '._a.png': 'x', '.thumbnails/c.png': 'x' }, [10]],
    ['what systems leave', { 'a.png': 10, 'Thumbs.db': 'x', 'desktop.ini': 'x', '__MACOSX/._a.png': 'x' }, [10]],
    ['names of many tongues', { 'ünï çødé 図.png': 10, 'with space.png': 20, '-rf.png': 30 }, [10, 20, 30]],
    ['splits', { 'train/a/1.png': 10, 'test/a/1.png': 20 }, [10, 20]],
    ['splits in capitals', { 'Train/1.png': 10, 'VALIDATION/1.png': 20 }, [10, 20]],
    ['three splits', { 'train/1.png': 10, 'val/1.png': 20, 'test/1.png': 30 }, [10, 20, 30]],
    ['train without test, a label', { 'train/1.png': 10, 'boat/1.png': 20 }, [10, 20]],
  ])('%s: one set', async (_, files, shades) => {
    const made = Object.entries(files).map(async ([name, content]) => [
      name,
      typeof content === 'string' ? content : await shade(content, /jpe?g$/i.test(name) ? 'jpeg' : 'png'),
    ]);
    expect(await seen(await writeTree(Object.fromEntries(await Promise.all(made))))).toEqual({ shades });
  });

  it.each<[string, string[], string, RegExp]>([
    ['pictures beside labels', ['1.png', 'a/2.png'], 'DATA_MALFORMED', /pictures \(1\.png\) beside sub-folders \(a\)/],
    ['labels in labels', ['a/b/1.png'], 'DATA_MALFORMED', /a\/b: a folder inside a label/],
    ['an empty label', ['a/1.png', 'b/.keep'], 'DATA_EMPTY', /\/b: holds no pictures/],
    ['nothing', ['.keep'], 'DATA_EMPTY', /holds no pictures/],
    [
      'pictures beside splits',
      ['train/1.png', 'test/2.png', '3.png'],
      'DATA_MALFORMED',
      /3\.png: in neither of the splits/,
    ],
    [
      'a folder beside splits',
      ['train/1.png', 'test/2.png', 'more/3.png'],
      'DATA_MALFORMED',
      /more: in neither of the/,
    ],
    ['a split twice', ['train/1.png', 'Train/1.png', 'test/2.png'], 'DATA_MALFORMED', /Train and train are one split/],
    ['labels in one split only', ['train/1.png', 'test/a/2.png'], 'DATA_MALFORMED', /test\/a\/2\.png/],
    ['a text', ['1.png', 'notes.txt'], 'NOT_AN_IMAGE', /notes\.txt: not a picture/],
  ])('%s: refused by both, with the name', async (_, names, code, message) => {
    const picture = await shade(10);
    const dir = await writeTree(Object.fromEntries(names.map((n) => [n, /png$/.test(n) ? picture : 'x'])));
    expect(await seen(dir)).toEqual({ code, message: expect.stringMatching(message) });
  });
});

describe('links in a folder', () => {
  it('are followed: to pictures, to labels, to the folder itself', async () => {
    const dir = await writeTree({ 'real/1.png': await shade(10), 'real/2.png': await shade(20), 'set/.keep': '' });
    await symlink('../real', join(dir, 'set/label'));
    await symlink(join(dir, 'set'), join(dir, 'way'));
    expect(await seen(join(dir, 'set'))).toEqual({ shades: [10, 20] });
    expect(await seen(join(dir, 'way'))).toEqual({ shades: [10, 20] });
    const flat = join(dir, 'flat');
    await mkdir(flat);
    for (const n of [1, 2]) await symlink(`../real/${n}.png`, join(flat, `${n}.png`));
    expect(await seen(flat)).toEqual({ shades: [10, 20] });
  });

  it('to one file count once, soft or hard, by the first name', async () => {
    const dir = await writeTree({ 'b.png': await shade(10), 'c.png': await shade(20) });
    await symlink('b.png', join(dir, 'a.png'));
    await symlink('a.png', join(dir, 'latest.png'));
    await link(join(dir, 'c.png'), join(dir, 'd.png'));
    expect(await seen(dir)).toEqual({ shades: [10, 20] });
    expect((await pictureFiles(dir)).map((p) => p.name)).toEqual(['a.png', 'c.png']);
  });

  it('to one file under two labels, or from both splits, are refused', async () => {
    const dir = await writeTree({ 'cat/1.png': await shade(10), 'dog/2.png': await shade(20) });
    await symlink('../cat/1.png', join(dir, 'dog/1.png'));
    const refused = {
      code: 'DATA_MALFORMED',
      message: expect.stringMatching(/dog\/1\.png: the same file as cat\/1\.png/),
    };
    expect(await seen(dir)).toEqual(refused);
    const split = await writeTree({ 'train/1.png': await shade(10), 'test/2.png': await shade(20) });
    await symlink('../train/1.png', join(split, 'test/1.png'));
    expect(await seen(split)).toMatchObject({ code: 'DATA_MALFORMED' });
  });

  it.each([
    ['a picture', 'broken.png', '/nowhere/x.png', /broken\.png: a link to \/nowhere\/x\.png, which leads nowhere/],
    ['a label', 'cat/broken', 'gone', /cat\/broken: a link to gone, which leads nowhere/],
    ['a circle', 'x.png', 'x.png', /x\.png: a link to x\.png, which leads in a circle/],
  ])('that lead nowhere are named: %s', async (_, at, target, message) => {
    const dir = await writeTree({ [at.includes('/') ? 'cat/1.png' : '1.png']: await shade(10) });
    await symlink(target, join(dir, at));
    expect(await seen(dir)).toEqual({ code: 'LINK_BROKEN', message: expect.stringMatching(message) });
  });

  it.each([
    ['itself', 'loop', '.'],
    ['what is above', 'cat/loop', '../..'],
    ['its label', 'cat/loop', '.'],
  ])('that lead back to %s are named', async (_, at, target) => {
    const dir = await writeTree({ 'cat/1.png': await shade(10) });
    // What is above the set is no part of it: a link there is a label's sub-folder.
    await symlink(target, join(dir, at));
    expect(await seen(dir)).toEqual({ code: 'DATA_MALFORMED', message: expect.stringContaining(`${at}: `) });
  });
});

describe('what is neither file nor folder', () => {
  it('is refused by name, and never opened', async () => {
    const picture = await shade(10);
    const special: [string, (path: string) => unknown][] = [
      ['a FIFO', (path) => execFileSync('mkfifo', [path])],
      ['a device', (path) => symlink('/dev/zero', path)],
      [
        'a socket',
        (path) =>
          new Promise<void>((resolve) => {
            const server = createServer().listen(path, resolve);
            onTestFinished(() => void server.close());
          }),
      ],
    ];
    for (const [kind, make] of special) {
      for (const name of ['m.png', 'cat/m.png']) {
        const dir = await writeTree(
          name === 'm.png' ? { 'a.png': picture, 'z.png': picture } : { 'cat/a.png': picture },
        );
        await make(join(dir, name));
        const message = expect.stringMatching(new RegExp(`/${name}: cannot read \\(${kind}, not a picture\\)`));
        expect(await seen(dir)).toEqual({ code: 'FILE_UNREADABLE', message });
      }
    }
  });

  it('is refused where it is named itself', async () => {
    const fifo = join(await tempDir(), 'one.png');
    execFileSync('mkfifo', [fifo]);
    const message = expect.stringMatching(/one\.png: cannot read \(a FIFO, not a file\)/);
    await expect(folderSource([fifo], sourceContext({ size }))).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message,
    });
    await expect(openDataset(fifo)).rejects.toMatchObject({
      code: 'DATA_SPEC',
      message: expect.stringMatching(/one\.png: a FIFO, not a folder/),
    });
  });
});

describe('names and rights', () => {
  it('names that are not UTF-8 are told', async () => {
    const dir = await writeTree({ 'a.png': await shade(10) });
    await writeFile(Buffer.concat([Buffer.from(`${dir}/caf`), Buffer.of(0xe9), Buffer.from('.png')]), await shade(20));
    expect(await readdir(dir)).toHaveLength(2);
    expect(await seen(dir)).toMatchObject({ code: 'DATA_MALFORMED', message: expect.stringMatching(/not UTF-8/) });
  });
});

describe('the digest', () => {
  it('is one however the path is written', async () => {
    const root = await writeTree({ 'pics/cat/1.png': await shade(10), 'pics/dog/1.png': await shade(20) });
    await symlink('pics', join(root, 'way'));
    const pics = join(root, 'pics');
    const here = relative(process.cwd(), pics);
    const ways = [
      pics,
      `${pics}/`,
      `${pics}//`,
      `${pics}/.`,
      `${root}/./pics`,
      `${pics}/cat/..`,
      here,
      `./${here}`,
      join(root, 'way'),
    ];
    const digests = await Promise.all(ways.map(async (way) => (await openDataset(way, { size })).sha256));
    expect(new Set(digests).size).toBe(1);
    // Of "path in the folder, SHA-256 of the file", sorted: what it was in earlier versions.
    const { createHash } = await import('node:crypto');
    const hash = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');
    const lines = `cat/1.png\n${hash(await shade(10))}\ndog/1.png\n${hash(await shade(20))}\n`;
    expect(digests[0]).toBe(hash(lines));
  });
});
