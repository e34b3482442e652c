import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Line, lineOf } from '../../src/report/letters.ts';

const project = resolve(import.meta.dirname, '../..');
const line = async (text: string, maxWidthPx?: number, sizePx = 15): Promise<Line> =>
  (await lineOf(text, sizePx, '#1d1d1b', maxWidthPx))!;

/** Alpha of a line's picture: [row][column]. */
async function ink({ picture }: Line): Promise<number[][]> {
  const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(4);
  return Array.from({ length: info.height }, (_, y) =>
    Array.from({ length: info.width }, (_, x) => data[4 * (y * info.width + x) + 3]!),
  );
}

describe('a line of text', () => {
  it('knows every printable ASCII character, each by its own shape', async () => {
    const shapes = new Set<string>();
    for (let code = 33; code < 127; code++) {
      const drawn = await line(String.fromCharCode(code), undefined, 24);
      expect(drawn.widthPx, String.fromCharCode(code)).toBeGreaterThan(0);
      shapes.add((await ink(drawn)).map((row) => row.slice(0, drawn.widthPx).join()).join());
    }
    expect(shapes.size).toBe(94);
  });

  it('stands on its baseline, whatever letters are in it', async () => {
    for (const sizePx of [11, 12, 15, 30]) {
      for (const text of ['H', 'HÅgjpq', 'H|', 'Hz\u0300\u0301\u0302\u0303\u0304', 'H漢']) {
        const drawn = await line(text, undefined, sizePx);
        // The H is first, and stands on the line with its left stem.
        const rows = await ink(drawn);
        const feet = rows.findLastIndex((row) => row.slice(0, 3).some((a) => a > 100));
        expect(feet + 1, `${text} at ${sizePx} px`).toBe(drawn.baselinePx);
      }
    }
  });

  it('is cut to fit', async () => {
    for (const text of [`features.${'conv'.repeat(100_000)}`, `${'W'.repeat(10)}${'i'.repeat(150)}`, 'i'.repeat(201)]) {
      const drawn = await line(text, 186);
      expect(drawn.text).toMatch(/^.{8,}…$/);
      expect(text.startsWith(drawn.text.slice(0, -1))).toBe(true);
      expect(drawn.widthPx).toBeLessThanOrEqual(186);
    }
    expect((await line('ReLU2', 186)).text).toBe('ReLU2');
    expect((await line('W', 1)).text).toBe('…');
    expect(await lineOf(' ', 15, '#000000')).toBeUndefined();
  });

  it('takes text for text, whatever is in it', async () => {
    const hostile = [
      '"><b>x</b>&amp;',
      '<span',
      'a\0b',
      '\ud800',
      '\ufffe',
      'two\nlines\t',
      '\u202egnp.exe',
      '\x1b[31m',
    ];
    for (const text of hostile) {
      const drawn = await line(text);
      expect(drawn.widthPx, JSON.stringify(text)).toBeGreaterThan(0);
      expect((await ink(drawn)).length).toBe((await ink(await line('x'))).length);
    }
    expect((await line('<b>bold</b>')).widthPx).toBeGreaterThan(2 * (await line('bold')).widthPx);
    expect((await line('a\0b')).text).toBe('a�b');
  });

  it('is the same and says nothing on stderr with no font, no configuration and no home', {
    timeout: 60_000,
  }, async () => {
    const script =
      "import { lineOf } from './dist/report/letters.js';" +
      "const { picture } = await lineOf('ReLU22 → σ', 15, '#1d1d1b');" +
      'process.stdout.write(JSON.stringify({ picture: picture.toString("base64"), set: process.env.FONTCONFIG_FILE }));';
    const drawnWith = async (env: Record<string, string>) => {
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        ['--input-type=module', '--eval', script],
        { cwd: project, env: { PATH: process.env.PATH, ...env } },
      );
      return { ...(JSON.parse(stdout) as { picture: string; set?: string }), stderr };
    };
    const here = await drawnWith({ HOME: process.env.HOME ?? '/' });
    const bare = { FONTCONFIG_FILE: '/nowhere/fonts.conf', FONTCONFIG_PATH: '/nowhere', HOME: '/nowhere' };
    const nowhere = await drawnWith(bare);
    expect([here.stderr, nowhere.stderr]).toEqual(['', '']);
    expect(nowhere.picture).toBe(here.picture);
    // What was set for fontconfig is gone again.
    expect([here.set, nowhere.set]).toEqual([undefined, bare.FONTCONFIG_FILE]);
  });

  it('comes with its font and the licence of it in the package', async () => {
    const { files } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { files: string[] };
    expect(files).toContain('fonts');
    expect(readFileSync(join(project, 'fonts/LICENSE.txt'), 'utf8')).toMatch(/Open Sans[\s\S]*Apache License/);
  });
});
