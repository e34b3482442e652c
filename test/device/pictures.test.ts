import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inputOf, pictureReader } from '../../src/device/pictures.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutline-pictures-'));
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 50 };
  const drawn = sharp({ create: { width: 320, height: 240, channels: 3, background: '#888', noise } });
  await drawn.png().toFile(join(folder, 'a.png'));
  await writeFile(join(folder, 'text.png'), 'no picture');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = (side: number, layout: 'NCHW' | 'NHWC' = 'NCHW') => ({
  preprocessing: {
    layout,
    channels: 3 as const,
    height: side,
    width: side,
    mean: [0.4, 0.5, 0.6],
    std: [0.2, 0.3, 0.4],
  },
  strictChannels: true,
});

describe('pictures of the device', () => {
  it.each([
    ['small', 28, 'NCHW'],
    ['large, in a thread', 320, 'NCHW'],
    ['large, colours last', 320, 'NHWC'],
  ] as const)('become the same input: %s', async (_, side, layout) => {
    const reader = pictureReader(options(side, layout));
    try {
      const path = join(folder, 'a.png');
      const here = await inputOf(path, options(side, layout));
      // Several at once, as lanes ask.
      for (const input of await Promise.all([reader.read(path), reader.read(path)])) expect(input).toEqual(here);
    } finally {
      await reader.close();
    }
  });

  it.each([28, 320])('are refused in the same words wherever they are read: side %i', async (side) => {
    const reader = pictureReader(options(side));
    try {
      for (const [name, code] of [
        ['text.png', 'NOT_AN_IMAGE'],
        ['gone.png', 'FILE_NOT_FOUND'],
      ] as const) {
        const path = join(folder, name);
        const told = await inputOf(path, options(side)).catch((e: unknown) => e as Error);
        const message = (told as Error).message;
        await expect(reader.read(path)).rejects.toMatchObject({ code, message });
      }
      expect((await reader.read(join(folder, 'a.png'))).shape).toEqual([1, 3, side, side]);
    } finally {
      await reader.close();
    }
  });
});
