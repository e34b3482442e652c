import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ModelCard,
  normalise,
  type Preprocessing,
  preprocess,
  preprocessingFor,
  readCard,
  toPixels,
  unitPixels,
  writeCard,
} from '../../src/data/index.ts';
import { tempDir, writeTree } from './fixtures.ts';

const card: ModelCard = {
  format: 'cutline.card/1',
  name: 'LeNet',
  input: 'input',
  preprocessing: { layout: 'NCHW', channels: 1, height: 28, width: 28, mean: [0.5], std: [0.5] },
  labels: ['a', 'b'],
};

describe('a model card', () => {
  it('is read as it was written, beside the model', async () => {
    const dir = await tempDir();
    const path = await writeCard(join(dir, 'net.v2.onnx'), card);
    expect(path).toBe(join(dir, 'net.v2.card.yaml'));
    expect(await readCard(join(dir, 'net.v2.onnx'))).toEqual(card);
    expect(await readdir(dir)).toEqual(['net.v2.card.yaml']);
  });

  it.each([
    ['an unknown key', 'format: cutline.card/1\nname: x\ninput: x\npreprocesing: 1', /preprocesing/],
    [
      'a wrong value',
      'format: cutline.card/1\nname: x\ninput: x\npreprocessing: {channels: 2, height: 1, width: 1, mean: [0], std: [1]}',
      /preprocessing\.channels/,
    ],
    [
      'too few means',
      'format: cutline.card/1\nname: x\ninput: x\npreprocessing: {channels: 3, height: 1, width: 1, mean: [0], std: [1]}',
      /one value a channel/,
    ],
    ['no YAML', 'a: [', /net\.card\.yaml/],
    ['another document', 'hello', /net\.card\.yaml/],
  ])('with %s is refused by its path', async (_, text, message) => {
    const dir = await writeTree({ 'net.card.yaml': text });
    await expect(readCard(join(dir, 'net.onnx'))).rejects.toMatchObject({
      code: 'CARD_INVALID',
      exit: 2,
      message: expect.stringMatching(message),
    });
  });
});

describe('preprocessing', () => {
  it('comes from the card, with flags taking its place', async () => {
    const dir = await tempDir();
    const model = join(dir, 'net.onnx');
    await writeCard(model, card);
    expect(await preprocessingFor(model)).toEqual(card.preprocessing);
    expect(await preprocessingFor(model, { mean: '0.1', layout: 'nhwc' })).toEqual({
      ...card.preprocessing,
      mean: [0.1],
      layout: 'NHWC',
    });
  });

  it('comes from flags alone', async () => {
    const p = await preprocessingFor('/nonexistent/net.onnx', { size: '3x8x6', mean: '0.5', std: '0.1,0.2,0.3' });
    expect(p).toEqual({
      layout: 'NCHW',
      channels: 3,
      height: 8,
      width: 6,
      mean: [0.5, 0.5, 0.5],
      std: [0.1, 0.2, 0.3],
    });
    expect(await preprocessingFor('/nonexistent/net.onnx', { size: '28', mean: '0.5' })).toMatchObject({
      channels: 1,
      height: 28,
      width: 28,
      std: [1],
    });
  });

  it('that is not known says what to do', async () => {
    await expect(preprocessingFor('/nonexistent/net.onnx')).rejects.toMatchObject({
      code: 'PREPROCESSING_UNKNOWN',
      message: expect.stringMatching(/net\.card\.yaml or give --size/),
    });
  });

  it.each([
    [{ size: '3x8x' }, /--size/],
    [{ size: '0x8' }, /--size/],
    [{ size: '8', mean: 'a' }, /--mean/],
    [{ size: '8', std: '' }, /--std/],
    [{ size: '8', std: '0' }, /std/],
    [{ size: '3x8x8', mean: '1,2' }, /one value a channel/],
    [{ size: '8', layout: 'HWCN' }, /layout/],
  ])('from %j is refused', async (flags, message) => {
    await expect(preprocessingFor('/nonexistent/net.onnx', flags)).rejects.toMatchObject({
      exit: 2,
      message: expect.stringMatching(message),
    });
  });

  it('puts every pixel in its place', () => {
    const pixels = { count: 1, channels: 3, height: 1, width: 2, data: Uint8Array.of(0, 51, 102, 153, 204, 255) };
    const p: Preprocessing = { layout: 'NCHW', channels: 3, height: 1, width: 2, mean: [0, 0.5, 1], std: [1, 0.5, 2] };
    const nchw = preprocess(pixels, p);
    expect(nchw.shape).toEqual([1, 3, 1, 2]);
    const expected = [0, 0.2, -0.2, 0.2, -0.1, 0];
    for (const [i, v] of expected.entries()) expect((nchw.data as Float32Array)[i]).toBeCloseTo(v, 6);
    const nhwc = preprocess(pixels, { ...p, layout: 'NHWC' });
    expect(nhwc.shape).toEqual([1, 1, 2, 3]);
    for (const [i, v] of [0, -0.2, -0.1, 0.2, 0.2, 0].entries()) {
      expect((nhwc.data as Float32Array)[i]).toBeCloseTo(v, 6);
    }
  });

  it('is undone by toPixels, whatever the layout', () => {
    const values = fc.record({
      layout: fc.constantFrom('NCHW' as const, 'NHWC' as const),
      channels: fc.constantFrom(1 as const, 3 as const),
      height: fc.integer({ min: 1, max: 4 }),
      width: fc.integer({ min: 1, max: 4 }),
      count: fc.integer({ min: 1, max: 3 }),
      mean: fc.double({ min: -1, max: 1, noNaN: true }),
      std: fc.double({ min: 0.01, max: 10, noNaN: true }),
      seed: fc.nat(255),
    });
    fc.assert(
      fc.property(values, ({ layout, channels, height, width, count, mean, std, seed }) => {
        const p: Preprocessing = {
          layout,
          channels,
          height,
          width,
          mean: Array.from({ length: channels }, (_, c) => mean + c),
          std: Array.from({ length: channels }, () => std),
        };
        const data = Uint8Array.from({ length: count * channels * height * width }, (_, i) => (i * 37 + seed) % 256);
        const pixels = { count, channels, height, width, data };
        const unit = unitPixels(pixels);
        for (const tensor of [preprocess(pixels, p), normalise(unit, count, p)]) {
          const back = toPixels(tensor, p);
          const worst = unit.reduce((most, v, i) => Math.max(most, Math.abs(back[i]! - v)), 0);
          expect(worst).toBeLessThan(1e-5);
        }
      }),
    );
  });

  it('clips what no picture can be', () => {
    const p: Preprocessing = { layout: 'NCHW', channels: 1, height: 1, width: 2, mean: [0], std: [1] };
    expect([...toPixels({ dtype: 'float32', shape: [1, 1, 1, 2], data: Float32Array.of(-3, 7) }, p)]).toEqual([0, 1]);
  });

  it('refuses pictures of another size', () => {
    const pixels = { count: 1, channels: 1, height: 2, width: 2, data: new Uint8Array(4) };
    expect(() => preprocess(pixels, card.preprocessing)).toThrow(/pictures are 1×2×2, the network takes 1×28×28/);
  });
});
