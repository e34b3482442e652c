/** What becomes of pictures of every kind that cameras and programs write: their right pixels, or a reason why not. */
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/index.ts';
import { shared } from '../support/shared.ts';
import { plain } from './fixtures.ts';
import { tiff } from './tiff.ts';

const size = { channels: 3, height: 8, width: 8 } as const;

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
    await expect(decodeImage(bomb, size)).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringMatching(/10100×10100 pixels, more than the 100000000/),
    });
  });

  it('that is not there is named', async () => {
    await expect(decodeImage('/nonexistent/x.png', size)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

const square = { width: 8, height: 8 } as const;
/** From 0 to 1 over the samples of an 8×8 picture. */
const ramp = (samples: number) => Array.from({ length: 64 * samples }, (_, i) => i / (64 * samples - 1));
const grey = { ...square, samples: 1, photometric: 1 } as const;
const colour = { ...square, samples: 3, photometric: 2 } as const;
const float = { bits: 32, format: 3 } as const;

/** Bytes of one channel, or of red. */
const bytes = async (image: Uint8Array, channels: 1 | 3 = 1) => [
  ...(await decodeImage(image, { ...size, channels }, 'x.tiff')).data,
];
const planes = (values: readonly number[]) => [0, 1, 2].flatMap((c) => values.filter((_, i) => i % 3 === c));

describe('a TIFF file', () => {
  const whole = ramp(1).map((v) => Math.round(255 * v));
  const wholeColour = planes(ramp(3)).map((v) => Math.round(255 * v));

  it('of floats from 0 to 1 is a picture, grey and in colour, without any curve', async () => {
    expect(await bytes(tiff({ ...grey, ...float, pixels: Float32Array.from(ramp(1)) }))).toEqual(whole);
    expect(await bytes(tiff({ ...colour, ...float, pixels: Float32Array.from(ramp(3)) }), 3)).toEqual(wholeColour);
  });

  it('from the field, of floats, is as bright as it is', async (ctx) => {
    const path = await shared(ctx, 'cases/float.tiff');
    const expected = await sharp(path).raw({ depth: 'float' }).toBuffer();
    const floats = new Float32Array(expected.buffer, expected.byteOffset, expected.byteLength / 4);
    const { data } = await decodeImage(path, { height: 8, width: 12, channels: 3 });
    expect([...data]).toEqual(planes([...floats]).map((v) => Math.round(255 * v)));
    expect(Math.max(...data)).toBe(252);
  });

  it('of floats with transparency lies on black, and is turned upright', async () => {
    const halfClear = ramp(1).flatMap((v) => [v, v, v, 0.5]);
    const clear = tiff({ ...colour, samples: 4, ...float, pixels: Float32Array.from(halfClear), more: { 338: [2] } });
    expect(await bytes(clear)).toEqual(ramp(1).map((v) => Math.round((255 * v) / 2)));
    const left = Float32Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? 1 : 0));
    const turned = await bytes(tiff({ ...grey, ...float, pixels: left, more: { 274: [6] } }));
    expect([turned[0], turned[7], turned[56], turned[63]]).toEqual([255, 255, 0, 0]);
  });

  it.each([
    ['0 to 255', ramp(1).map((v) => 255 * v), /floats from 0 to 255,/],
    ['−1 to 1', ramp(1).map((v) => 2 * v - 1), /floats from -1 to 1,/],
    ['a little above 1', ramp(1).map((v) => 1.01 * v), /floats from 0 to 1\.01,/],
    ['no number', ramp(1).map((v, i) => (i === 9 ? Number.NaN : v)), /no numbers/],
    ['infinity', ramp(1).map((v, i) => (i === 9 ? Number.POSITIVE_INFINITY : v)), /Infinity/],
  ])('of floats with %s is refused: nobody knows what is white', async (_, values, message) => {
    const refused = { code: 'IMAGE_VALUES', exit: 2, message: expect.stringMatching(message) };
    await expect(bytes(tiff({ ...grey, ...float, pixels: Float32Array.from(values) }))).rejects.toMatchObject(refused);
    const three = values.flatMap((v) => [v, v, v]);
    await expect(bytes(tiff({ ...colour, ...float, pixels: Float32Array.from(three) }))).rejects.toMatchObject(refused);
  });

  it('of 16 bits is scaled, with transparency, inks and white at zero too', async () => {
    const deep = (samples: number) => Uint16Array.from(ramp(samples), (v) => Math.round(65535 * v));
    const near = (found: number[], wanted: number[]) =>
      expect(Math.max(...found.map((v, i) => Math.abs(v - wanted[i]!)))).toBeLessThanOrEqual(1);
    near(await bytes(tiff({ ...grey, bits: 16, pixels: deep(1) })), whole);
    near(await bytes(tiff({ ...grey, bits: 16, photometric: 0, pixels: deep(1) })), whole.toReversed());
    near(await bytes(tiff({ ...colour, bits: 16, pixels: deep(3) }), 3), wholeColour);
    const halfClear = Uint16Array.from(ramp(1).flatMap((v) => [65535 * v, 32768]));
    near(
      await bytes(tiff({ ...grey, samples: 2, bits: 16, pixels: halfClear, more: { 338: [2] } })),
      whole.map((v) => v / 2),
    );
    const noInk = tiff({ ...square, samples: 4, photometric: 5, bits: 16, pixels: new Uint16Array(256) });
    expect(Math.min(...(await bytes(noInk)))).toBeGreaterThan(245);
  });

  it('of 16 bits that reach no further than 12 is refused, not black; black itself is black', async () => {
    const dim = tiff({ ...grey, bits: 16, pixels: Uint16Array.from(ramp(1), (v) => 4095 * v) });
    await expect(bytes(dim)).rejects.toMatchObject({
      code: 'IMAGE_VALUES',
      message: expect.stringMatching(/x\.tiff: its samples have 16 bits, and the highest is 4095 of 65535/),
    });
    expect(new Set(await bytes(tiff({ ...grey, bits: 16, pixels: new Uint16Array(64) })))).toEqual(new Set([0]));
  });

  it('of 1, 2, 4 and 8 bits is scaled', async () => {
    const packed = (...pattern: number[]) =>
      Uint8Array.from({ length: 8 * pattern.length }, (_, i) => pattern[i % pattern.length]!);
    const row = async (bits: number, pixels: Uint8Array, photometric = 1) =>
      (await bytes(tiff({ ...grey, photometric, bits, pixels }))).slice(0, 8);
    expect(await row(1, packed(0b01010011))).toEqual([0, 255, 0, 255, 0, 0, 255, 255]);
    expect(await row(1, packed(0b01010011), 0)).toEqual([255, 0, 255, 0, 255, 255, 0, 0]);
    expect(await row(2, packed(0x1b, 0x1b))).toEqual([0, 85, 170, 255, 0, 85, 170, 255]);
    expect(await row(4, packed(0x05, 0xaf, 0x05, 0xaf))).toEqual([0, 85, 170, 255, 0, 85, 170, 255]);
    expect(await bytes(tiff({ ...grey, bits: 8, pixels: Uint8Array.from(whole) }))).toEqual(whole);
    expect(await bytes(tiff({ ...grey, bits: 8, photometric: 0, pixels: Uint8Array.from(whole) }))).toEqual(
      whole.toReversed(),
    );
  });

  it('whose fourth channel is no transparency keeps its colours', async () => {
    const masked = Uint8Array.from(ramp(1).flatMap((v) => [255 * v, 255 * v, 255 * v, 0]));
    const found = await bytes(tiff({ ...colour, samples: 4, bits: 8, pixels: masked, more: { 338: [0] } }));
    expect(found).toEqual(ramp(1).map((v) => Math.floor(255 * v)));
  });

  it.each([
    ['signed bytes', { ...grey, bits: 8, format: 2, pixels: new Int8Array(64).fill(100) }, /signed numbers of 8/],
    ['signed shorts', { ...grey, bits: 16, format: 2, pixels: new Int16Array(64).fill(9000) }, /signed numbers of 16/],
    ['32 bits', { ...grey, bits: 32, pixels: new Uint32Array(64).fill(2 ** 31) }, /whole numbers of 32/],
    ['small numbers of 32 bits', { ...grey, bits: 32, pixels: new Uint32Array(64).fill(99) }, /whole numbers of 32/],
    ['half floats', { ...grey, bits: 16, format: 3, pixels: new Uint16Array(64).fill(0x3800) }, /floats of 16/],
    ['doubles', { ...grey, bits: 64, format: 3, pixels: new Float64Array(64).fill(0.5) }, /floats of 64/],
    ['floats with white at zero', { ...grey, photometric: 0, ...float, pixels: new Float32Array(64) }, /white at zero/],
    ['complex numbers', { ...grey, bits: 64, format: 6, pixels: new Float32Array(128) }, /complex/],
    ['two masks', { ...colour, samples: 5, bits: 8, pixels: new Uint8Array(320), more: { 338: [0, 0] } }, /2 channels/],
    ['Lab colours', { ...colour, photometric: 8, bits: 8, pixels: new Uint8Array(192) }, /kind 8/],
    ['a mosaic of colours', { ...grey, photometric: 32803, bits: 8, pixels: new Uint8Array(64) }, /kind 32803/],
    ['a small copy in front', { ...grey, bits: 8, pixels: new Uint8Array(64), more: { 254: [1] } }, /small copy/],
  ])('of %s is refused by name, never black', async (_, options, message) => {
    await expect(bytes(tiff(options))).rejects.toMatchObject({
      code: 'IMAGE_VALUES',
      message: expect.stringMatching(new RegExp(`^x\\.tiff: .*${message.source}`)),
    });
  });

  it('cut anywhere is refused with a code', async () => {
    const made = tiff({ ...colour, bits: 8, pixels: new Uint8Array(192).fill(99) });
    for (let length = 0; length < made.length; length += 7) {
      const told = expect(bytes(made.subarray(0, length)), `${length} of ${made.length} bytes`);
      await told.rejects.toMatchObject({ code: expect.stringMatching(/^(NOT_AN_IMAGE|IMAGE_VALUES)$/) });
    }
  });
});

describe('a picture of any format', () => {
  const noise = {
    create: {
      width: 64,
      height: 64,
      channels: 3,
      background: '#777',
      noise: { type: 'gaussian', mean: 99, sigma: 50 },
    },
  } as const;

  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('%s: half of it is refused', async (format) => {
    const made = await sharp(noise).toFormat(format).toBuffer();
    await expect(decodeImage(made, size)).resolves.toMatchObject({ count: 1 });
    for (const share of [0.3, 0.6, 0.95]) {
      const part = made.subarray(0, Math.floor(share * made.length));
      await expect(decodeImage(part, size), `${share}`).rejects.toMatchObject({ code: 'NOT_AN_IMAGE' });
    }
  });

  it.each(['gif', 'webp', 'tiff'] as const)('%s: the first of several frames is taken', async (format) => {
    const frames = Buffer.concat([Buffer.alloc(192, 200), Buffer.alloc(192, 0)]);
    const raw = { width: 8, height: 16, channels: 3, pageHeight: 8 } as const;
    const moving = await sharp(frames, { raw }).toFormat(format).toBuffer();
    expect((await sharp(moving).metadata()).pages).toBe(2);
    for (const value of (await decodeImage(moving, size)).data) expect(Math.abs(value - 200)).toBeLessThanOrEqual(3);
  });

  it('PNG: palettes, single bits and 16 bits are what they show', async () => {
    const stripes = Buffer.from(Array.from({ length: 64 }, (_, i) => (i % 2) * 255));
    const drawn = () => sharp(stripes, { raw: { width: 8, height: 8, channels: 1 } }).toColourspace('b-w');
    for (const options of [{}, { palette: true }, { palette: true, colours: 2 }]) {
      expect([...(await decodeImage(await drawn().png(options).toBuffer(), { ...size, channels: 1 })).data]).toEqual([
        ...stripes,
      ]);
    }
    const dim = Uint16Array.from({ length: 64 }, (_, i) => 60 * i);
    const deep = await sharp(dim, { raw: { width: 8, height: 8, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    await expect(decodeImage(deep, size)).rejects.toMatchObject({ code: 'IMAGE_VALUES' });
  });

  it('AVIF of 10 and 12 bits is scaled', async () => {
    for (const bitdepth of [10, 12] as const) {
      const made = await sharp({ create: { width: 16, height: 16, channels: 3, background: { r: 40, g: 20, b: 10 } } })
        .avif({ bitdepth, lossless: true })
        .toBuffer();
      const { data } = await decodeImage(made, size);
      expect([data[0], data[64], data[128]]).toEqual([40, 20, 10]);
    }
  });
});
