import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { htmlReport, seenPictures } from '../../src/report/index.ts';
import { example } from './example.ts';

const program = 'document.title = "planned";';
const hostile = `</script><script>alert(1)</script><!--`;
const page = htmlReport({ ...example, again: { program, search: { name: hostile } } });

describe('a report that plans again', () => {
  it('lets its own program run and no other', () => {
    const digest = createHash('sha256').update(program).digest('base64');
    expect(page).toContain(`default-src 'none'; script-src 'sha256-${digest}'; style-src`);
    expect(page).toContain(`<script>${program}</script>`);
    expect(page.match(/<script/g)).toHaveLength(2);
  });

  it('holds what the program reads in a block that no name can end', () => {
    const [, text] = page.match(/id="again-data">(.*?)<\/script>/s)!;
    expect(text).not.toContain('<');
    expect(JSON.parse(text!).search).toEqual({ name: hostile });
  });

  it('has strips of what the strongest attack on each cut saw', async () => {
    const images = (value: number) => ({
      count: 8,
      channels: 1,
      height: 28,
      width: 28,
      data: new Float32Array(8 * 784).fill(value),
    });
    const ssim = (high: number) => ({ mean: high - 0.1, low: 0, high });
    const result = { cut: 'pool1', defense: 'none', attack: 'rmle', ssim: ssim(0.4) };
    const cells = [
      { results: [result, { ...result, attack: 'hybrid', ssim: ssim(0.6) }], pictures: images(0.5) },
      { results: [{ ...result, cut: 'fc1' }], pictures: undefined },
    ];
    const { truth, rows } = await seenPictures(images(1), cells);
    expect(rows.map(({ png: _, ...row }) => row)).toEqual([
      { cut: 'pool1', defense: 'none', attack: 'hybrid', ssim: 0.5 },
    ]);
    const { data, info } = await sharp(Buffer.from(rows[0]!.png, 'base64')).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, data[0]]).toEqual([6 * 30 - 2, 28, 128]);
    expect(truth).not.toBe(rows[0]!.png);
  });
});
