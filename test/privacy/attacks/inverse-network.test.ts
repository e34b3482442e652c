/** Inverse networks and the hybrid that begins with them. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, type Tensor } from '../../../src/model/index.ts';
import { type BlackBoxAttack, hybrid, inverseNetwork, remembered } from '../../../src/privacy/attacks/index.ts';
import { createGallery, type Images, pictureRows } from '../../../src/privacy/metrics/index.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { attackContract } from './contract.ts';
import { aboveBlind, scene } from './scene.ts';

const cut = 'ReLU1';
const size = { width: 12, blocks: 1 };
const options = { cut, queries: 160, data: 'same-set', decoder: 'residual', loss: 'mse', epochs: 8, size } as const;

attackContract({
  name: 'inverse-network',
  threat: 'black-box',
  make: () => inverseNetwork(options),
  endless: () => inverseNetwork({ ...options, epochs: 100_000 }),
  batchTolerance: 1e-5,
});

attackContract({
  name: 'hybrid',
  threat: 'white-box',
  make: (batch) => hybrid(inverseNetwork(options), { solver: 'lbfgs', cut, iterations: 20, lambdaTv: 0, batch }),
  endless: () => hybrid(inverseNetwork(options), { solver: 'lbfgs', cut, iterations: 1_000_000, lambdaTv: 1 }),
  batchTolerance: 0.05,
});

describe('an inverse network', async () => {
  const engine = await createEngine({ threads: 1, flushDenormals: true });
  afterAll(() => engine.close());
  const data = spots({ test: 300, train: 300 });
  const sceneAt = (over = {}) =>
    scene({ engine, graph: chain({ batch: 'n' }), cut, data, victims: [0, 1, 2], ...over });
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  it('counts its queries, and more of them teach it more', async () => {
    const { run, psnrOf } = await sceneAt();
    const few = await run(inverseNetwork({ ...options, queries: 20 }));
    const many = await run(inverseNetwork({ ...options, queries: 250 }));
    expect([few.queries, many.queries]).toEqual([20, 250]);
    expect(mean(psnrOf(many.pictures))).toBeGreaterThan(mean(psnrOf(few.pictures)));
  });

  // Who owns no such pictures needs more of what he owns.
  it.each([
    ['same-distribution', {}],
    ['synthetic', { queries: 600, epochs: 10 }],
  ] as const)('learns from %s pictures', async (kind, more) => {
    const { run, psnrOf, blind } = await sceneAt();
    const found = await run(inverseNetwork({ ...options, ...more, data: kind }));
    expect(found.parameters).toMatchObject({ data: kind });
    aboveBlind(psnrOf(found.pictures), await blind(), 1);
  });

  it('learns from noise too little to look like the picture, and enough to tell whose it is', async () => {
    const { run, truth } = await sceneAt();
    const found = await run(inverseNetwork({ ...options, queries: 600, epochs: 10, data: 'gaussian' }));
    expect(found.parameters).toMatchObject({ data: 'gaussian' });
    const rows = (t: Tensor): Images => ({ count: 3, channels: 1, height: 28, width: 28, data: asFloat32(t) });
    const gallery = createGallery(pictureRows(rows(truth)));
    expect(gallery.identify(pictureRows(rows(found.pictures)), [0, 1, 2]).rank1).toBe(1);
  });

  it('does not ask for more pictures than there are', async () => {
    const { run } = await sceneAt();
    const ask = run(inverseNetwork({ ...options, queries: 301 }));
    await expect(ask).rejects.toMatchObject({ code: 'DATA_TOO_FEW' });
  });

  it('learns through the defense: from noisy features it does better than one that never saw noise', async () => {
    const noisy = await sceneAt({ defense: 'gauss(sd=2)' });
    const quiet = await sceneAt();
    const naive = (await quiet.run(inverseNetwork(options))).decoder!;
    const adaptive = await noisy.run(inverseNetwork(options));
    const unaware = await noisy.run(inverseNetwork({ ...options, trained: naive }));
    expect(mean(noisy.psnrOf(adaptive.pictures))).toBeGreaterThan(mean(noisy.psnrOf(unaware.pictures)));
  });

  it('can be kept: a decoder that was trained before gives the same pictures and asks nothing', async () => {
    const { run } = await sceneAt();
    const first = await run(inverseNetwork(options));
    const again = await run(inverseNetwork({ ...options, trained: first.decoder }));
    expect(again.queries).toBe(0);
    expect(asFloat32(again.pictures)).toEqual(asFloat32(first.pictures));
  });

  it('is refused when it was trained for another cut', async () => {
    const decoder = (await (await sceneAt()).run(inverseNetwork(options))).decoder!;
    const { run } = await sceneAt({ cut: 'pool1' });
    const other = run(inverseNetwork({ ...options, cut: 'pool1', trained: decoder }));
    await expect(other).rejects.toMatchObject({ code: 'DECODER_UNFIT' });
  });

  it('of the paper is there for the cuts of the paper only', async () => {
    const { run } = await sceneAt();
    const other = run(inverseNetwork({ ...options, decoder: 'paper' }));
    await expect(other).rejects.toMatchObject({ code: 'DECODER_UNFIT' });
  });

  it('trained on structure as well keeps more of it', async () => {
    const { run, ssimOf } = await sceneAt({ cut: 'fc1' });
    const at = { ...options, cut: 'fc1', epochs: 10, queries: 250 };
    const plain = await run(inverseNetwork(at));
    const structural = await run(inverseNetwork({ ...at, loss: 'mse+ssim' }));
    expect(mean(ssimOf(structural.pictures))).toBeGreaterThan(mean(ssimOf(plain.pictures)) - 0.02);
  });

  it('runs once however many attacks begin with it', async () => {
    const { run } = await sceneAt();
    let runs = 0;
    const counted: BlackBoxAttack = {
      ...inverseNetwork(options),
      run: (c) => {
        runs++;
        return inverseNetwork(options).run(c);
      },
    };
    const inverse = remembered(counted);
    await run(inverse);
    await run(hybrid(inverse, { solver: 'lbfgs', cut, iterations: 2, lambdaTv: 0 }));
    expect(runs).toBe(1);
  });
});
