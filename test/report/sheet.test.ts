import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { contactSheet, type SheetImages } from '../../src/report/index.ts';

/** Two 2×2 pictures: one with a white corner, one grey. */
const truth: SheetImages = {
  count: 2,
  channels: 1,
  height: 2,
  width: 2,
  data: Float32Array.of(1, 0, 0, 0, 0.5, 0.5, 0.5, 0.5),
};

async function pixels(png: Buffer) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return { ...info, at: (x: number, y: number, channel = 0) => data[(y * info.width + x) * info.channels + channel]! };
}

describe('the contact sheet', () => {
  it('has the truth above and a row for each cut below, enlarged pixel by pixel', async () => {
    const negative = { ...truth, data: truth.data.map((v) => 1 - v) };
    const sheet = await pixels(
      await contactSheet(truth, [{ label: 'conv1', details: ['SSIM 0.10'], images: negative }]),
    );
    // Cells are 84 wide from x = 234; the truth's row starts at 24, the next 84 + 6 + 16 below it.
    const [left, top, below] = [234, 24, 130];
    expect([sheet.at(left, top), sheet.at(left + 41, top + 41), sheet.at(left + 42, top + 41)]).toEqual([255, 255, 0]);
    expect([sheet.at(left, below), sheet.at(left + 42, below + 41)]).toEqual([0, 255]);
    expect(sheet.at(left + 90, top + 50)).toBe(128);
    expect(sheet.width).toBe(234 + 84 + 6 + 84 + 24);
  });

  it('has its labels beside it, the first detail red where it leaks', async () => {
    const ink = async (label: string, details: string[] = [], leaks?: boolean) => {
      const sheet = await pixels(await contactSheet(truth, [{ label, details, leaks, images: truth }]));
      let [dark, red] = [0, 0];
      for (let y = 124; y < 210; y++) {
        for (let x = 24; x < 220; x++) {
          if (sheet.at(x, y) < 128) dark++;
          if (sheet.at(x, y) > sheet.at(x, y, 1) + 60) red++;
        }
      }
      return { dark, red };
    };
    expect(await ink('')).toEqual({ dark: 0, red: 0 });
    expect((await ink('ReLU22')).dark).toBeGreaterThan(50);
    expect((await ink('', ['hybrid'], true)).red).toBeGreaterThan(20);
    expect(await ink('', ['hybrid'], false)).toMatchObject({ red: 0 });
  });

  it('scales large pictures down and shows at most twelve', async () => {
    const large = { count: 14, channels: 3, height: 448, width: 224, data: new Float32Array(14 * 3 * 448 * 224) };
    const sheet = await pixels(await contactSheet(large, []));
    expect([sheet.width, sheet.height]).toEqual([234 + 12 * 118 - 6 + 24, 24 + 224 + 24]);
  });

  it('draws what is not a number black, and refuses rows of another size', async () => {
    const broken = { ...truth, data: truth.data.map(() => Number.NaN) };
    const sheet = await pixels(await contactSheet(truth, [{ label: 'x', details: [], images: broken }]));
    expect(sheet.at(300, 200)).toBe(0);
    const other = { ...truth, count: 1 };
    await expect(contactSheet(truth, [{ label: 'x', details: [], images: other }])).rejects.toThrow(/1×1×2×2/);
  });
});
