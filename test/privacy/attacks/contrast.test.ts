import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, float32, GraphBuilder, type Tensor } from '../../../src/model/index.ts';
import { bestContrast, drawingApart, drawnApart } from '../../../src/privacy/attacks/contrast.ts';
import { createRandom } from '../../../src/random.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const side = 16;
const picture = { channels: 3 as const, height: side, width: side, mean: [0.4, 0.5, 0.3], std: [0.2, 0.5, 1] };
const layouts = ['NCHW', 'NHWC'] as const;

/** Pixels of 0 … 1, [n, …], as network inputs. */
function inputs(layout: (typeof layouts)[number], pixel: (i: number) => number): Tensor {
  const shape = layout === 'NCHW' ? [2, 3, side, side] : [2, side, side, 3];
  const channelOf = (i: number) => (layout === 'NCHW' ? Math.floor(i / side ** 2) % 3 : i % 3);
  const data = Float32Array.from({ length: 2 * 3 * side ** 2 }, (_, i) => {
    const c = channelOf(i);
    return (pixel(i) - picture.mean[c]!) / picture.std[c]!;
  });
  return float32(data, shape);
}

describe.each(layouts)('contrast, %s', (layout) => {
  const preprocessing = { ...picture, layout };
  const random = createRandom(2);
  const drawn = Float32Array.from({ length: 2 * 3 * side ** 2 }, () => random.uniform());
  const truth = inputs(layout, (i) => (drawn[i]! < 0.5 ? 0 : 1));

  it('is drawn apart where what was made is hazy, and brings the pictures nearer', () => {
    const hazy = inputs(layout, (i) => (drawn[i]! < 0.5 ? 0.2 + 0.2 * drawn[i]! : 0.6 + 0.2 * drawn[i]!));
    const { gain, ssim } = bestContrast(hazy, truth, preprocessing);
    expect(gain).toBeGreaterThan(1.25);
    const { ssim: plain } = bestContrast(drawnApart(hazy, gain, preprocessing), truth, preprocessing);
    expect([...ssim]).toEqual([...plain]);
  });

  it('is left alone where what was made is right, or nothing is gained', () => {
    expect(bestContrast(truth, truth, preprocessing).gain).toBe(1);
    const grey = inputs(layout, (i) => 0.3 + 0.4 * drawn[i]!);
    expect(bestContrast(grey, grey, preprocessing).gain).toBe(1);
    expect(drawnApart(grey, 1, preprocessing)).toBe(grey);
  });

  it('is the same as a part of a decoder', async () => {
    const b = new GraphBuilder(17);
    const shape = ['n', ...truth.shape.slice(1)];
    b.input('x', 'float32', shape);
    b.op('Identity', ['x'], {}, 'y');
    b.output('y', 'float32', shape);
    const some = inputs(layout, (i) => 1.4 * drawn[i]! - 0.2);
    const decoder = b.build();
    expect(drawingApart(decoder, 1, preprocessing)).toBe(decoder);
    const session = await engine.load(drawingApart(decoder, 1.5, preprocessing));
    const [made] = Object.values(await session.run({ x: some }));
    await session.close();
    const wanted = asFloat32(drawnApart(some, 1.5, preprocessing));
    const worst = asFloat32(made).reduce((most, v, i) => Math.max(most, Math.abs(v - wanted[i]!)), 0);
    expect(worst).toBeLessThan(1e-5);
    // Nothing leaves the range of a pixel.
    const c = (i: number) => (layout === 'NCHW' ? Math.floor(i / side ** 2) % 3 : i % 3);
    const pixels = wanted.map((v, i) => v * picture.std[c(i)]! + picture.mean[c(i)]!);
    expect([Math.min(...pixels), Math.max(...pixels)]).toEqual([expect.closeTo(0, 5), expect.closeTo(1, 5)]);
  });
});
