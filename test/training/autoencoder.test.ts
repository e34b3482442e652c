import { afterAll, describe, expect, it } from 'vitest';
import { unitPixels } from '../../src/data/index.ts';
import { createEngine } from '../../src/engine/index.ts';
import { asFloat32, bindBatch, float32, type Graph, type Tensor } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { type AutoencoderOptions, defaultAutoencoder, trainAutoencoder } from '../../src/training/index.ts';
import { whitening } from '../../src/training/whitening.ts';
import { type SpotOptions, spots } from '../support/pictures.ts';

const engine = await createEngine({ threads: 1, spinning: true, flushDenormals: true });
afterAll(() => engine.close());

async function trained(pictures: SpotOptions, change: Partial<AutoencoderOptions> = {}) {
  const data = spots(pictures);
  const { channels, height, width, train } = data;
  const plan = defaultAutoencoder(data, train.count);
  const size = { ...plan.size, code: 6, channelsInside: 16 };
  const rows = async (indices: Int32Array) =>
    float32(unitPixels(await train.pixels([...indices])), [indices.length, channels, height, width]);
  const random = createRandom(1);
  const found = await trainAutoencoder(engine, { count: train.count, rows }, { ...plan, size, random, ...change });
  return { ...found, rows };
}

async function run(graph: Graph, input: Tensor): Promise<Tensor> {
  const session = await engine.load(bindBatch(graph, input.shape[0]!));
  try {
    return (await session.run({ [graph.inputs[0]!.name]: input }))[graph.outputs[0]!.name]!;
  } finally {
    await session.close();
  }
}

describe('an autoencoder', () => {
  it('learns to make pictures out of a few numbers, whose mean is 0 and covariance 1', async () => {
    const { decoder, encoder, validationMse, rows } = await trained({ side: 20, train: 300 }, { epochs: 12 });
    // The mean picture is off by 0.03.
    expect(validationMse).toBeLessThan(0.012);
    const pictures = await rows(Int32Array.from({ length: 200 }, (_, i) => i));
    const codes = await run(encoder, pictures);
    expect(codes.shape).toEqual([200, 6]);
    const { mean, factor } = whitening(asFloat32(codes), 6);
    expect(Math.max(...mean.map(Math.abs))).toBeLessThan(0.3);
    for (let i = 0; i < 6; i++) {
      expect(factor[i * 6 + i]!).toBeGreaterThan(0.7);
      expect(factor[i * 6 + i]!).toBeLessThan(1.3);
    }
    const again = asFloat32(await run(decoder, codes));
    const mse = asFloat32(pictures).reduce((sum, v, i) => sum + (v - again[i]!) ** 2, 0) / again.length;
    expect(mse).toBeLessThan(1.5 * validationMse);
  });

  it('takes colour and sizes that do not divide', async () => {
    const { decoder } = await trained({ side: 21, channels: 3, train: 24 }, { epochs: 1 });
    const made = await run(decoder, float32(new Float32Array(12), [2, 6]));
    expect(made.shape).toEqual([2, 3, 21, 21]);
    expect(asFloat32(made).every((v) => v >= 0 && v <= 1)).toBe(true);
  });

  it('is the same for a seed', async () => {
    const [a, b] = [await trained({ train: 24 }, { epochs: 2 }), await trained({ train: 24 }, { epochs: 2 })];
    expect(a.decoder).toEqual(b.decoder);
  });

  it('wants more than a handful of pictures', async () => {
    await expect(trained({ train: 4 }, { batch: 1 })).rejects.toMatchObject({ code: 'DATA_TOO_FEW' });
  });
});

describe('whitening', () => {
  it('survives numbers that never change', () => {
    const codes = Float32Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? Math.sin(i) : 3));
    const { mean, factor, inverse } = whitening(codes, 2);
    expect(mean[1]).toBeCloseTo(3, 6);
    for (const v of [...factor, ...inverse]) expect(Number.isFinite(v)).toBe(true);
    // L·L⁻¹ = 1
    expect(factor[2]! * inverse[0]! + factor[3]! * inverse[2]!).toBeCloseTo(0, 9);
    expect(factor[3]! * inverse[3]!).toBeCloseTo(1, 9);
  });
});
