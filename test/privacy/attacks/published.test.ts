/** The reference networks and pictures, and what PyTorch reaches on them with the same attack (models/README.md beside them). */
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { openDataset, victims } from '../../../src/data/index.ts';
import { createEngine } from '../../../src/engine/index.ts';
import { loadModel } from '../../../src/model/index.ts';
import { type RmleOptions, rmle } from '../../../src/privacy/attacks/index.ts';
import { publishedPreset } from '../../../src/privacy/attacks/presets.ts';
import { shared } from '../../support/shared.ts';
import { scene } from './scene.ts';

describe('the published attack on the reference LeNet', async () => {
  const engine = await createEngine({ spinning: true, flushDenormals: true });
  afterAll(() => engine.close());

  async function attack(ctx: TestContext, cut: string, options: Omit<RmleOptions, 'cut'>) {
    const graph = await loadModel(await shared(ctx, 'models/lenet-mnist.onnx'));
    const data = await openDataset(`mnist:${await shared(ctx, 'data/mnist')}`);
    const s = await scene({ engine, graph, cut, data, victims: victims(data.test, 10) });
    const { pictures } = await rmle({ ...options, cut }).run(s.context);
    const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    return { psnr: mean(s.psnrOf(pictures)), ssim: mean(s.ssimOf(pictures)) };
  }

  it('reaches with Adam what PyTorch reaches', async (ctx) => {
    const { psnr, ssim } = await attack(ctx, 'conv1', { solver: 'adam', iterations: 500, lambdaTv: 0 });
    expect(Math.abs(psnr - 20.33)).toBeLessThan(0.3);
    expect(Math.abs(ssim - 0.772)).toBeLessThan(0.02);
  });

  it('reaches it with a prior, too', async (ctx) => {
    const { psnr, ssim } = await attack(ctx, 'ReLU2', { solver: 'adam', iterations: 500, lambdaTv: 1 });
    expect(Math.abs(psnr - 10.15)).toBeLessThan(0.3);
    expect(Math.abs(ssim - 0.58)).toBeLessThan(0.02);
  });

  it('is beaten by L-BFGS, which finds the pictures themselves', async (ctx) => {
    const { psnr } = await attack(ctx, 'conv1', { solver: 'lbfgs', lambdaTv: 0 });
    expect(psnr).toBeGreaterThan(80);
  });

  it('is beaten by L-BFGS at ReLU2 as well, which learns on other pictures what to believe', async (ctx) => {
    const { psnr, ssim } = await attack(ctx, 'ReLU2', { solver: 'lbfgs', iterations: 60 });
    expect(psnr).toBeGreaterThan(23);
    expect(ssim).toBeGreaterThan(0.85);
  });
});

describe('what He et al. published', () => {
  it.each([
    [1, 'conv1', { iterations: 500, learningRate: 0.01, lambdaTv: 0, lambdaL2: 0 }],
    [1, 'ReLU2', { iterations: 5000, learningRate: 0.01, lambdaTv: 1, lambdaL2: 0 }],
    [1, 'fc3', { iterations: 5000, learningRate: 0.01, lambdaTv: 1000, lambdaL2: 0 }],
    [3, 'conv11', { iterations: 5000, learningRate: 0.01, lambdaTv: 0, lambdaL2: 0 }],
    [3, 'pool1', { iterations: 5000, learningRate: 0.01, lambdaTv: 0, lambdaL2: 0 }],
    [3, 'ReLU22', { iterations: 5000, learningRate: 0.01, lambdaTv: 10, lambdaL2: 0 }],
    [3, 'ReLU32', { iterations: 5000, learningRate: 0.01, lambdaTv: 1000, lambdaL2: 0 }],
    [3, 'fc1', { iterations: 5000, learningRate: 0.001, lambdaTv: 10_000, lambdaL2: 0 }],
    [3, 'fc2', { iterations: 500, learningRate: 0.1, lambdaTv: 500, lambdaL2: 100 }],
    [1, 'conv11', undefined],
    [3, 'conv1', undefined],
  ])('%i channels, %s', (channels, cut, expected) => {
    expect(publishedPreset(channels, cut)).toEqual(expected);
  });
});
