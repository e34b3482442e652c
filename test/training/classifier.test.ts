import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDataset, preprocess } from '../../src/data/index.ts';
import { createEngine } from '../../src/engine/index.ts';
import { asFloat32, bindBatch, type Graph, loadModel, saveModel } from '../../src/model/index.ts';
import { argMaxRows } from '../../src/numeric/index.ts';
import { accuracyOn, type ClassifierOptions, trainClassifier } from '../../src/training/index.ts';
import { spots } from '../support/pictures.ts';

const engine = await createEngine({ threads: 2 });
afterAll(() => engine.close());

const options: ClassifierOptions = {
  network: 'lenet',
  epochs: 1,
  batch: 20,
  learningRate: 3e-3,
  halveEvery: 20,
  augmentShift: 0,
  seed: 1,
};
const data = spots({ train: 400, test: 130 });
const trainIt = (change: Partial<ClassifierOptions> = {}, on = data) =>
  trainClassifier(engine, on, { ...options, ...change });

const weights = (graph: Graph) => [...graph.initializers].map(([name, t]) => [name, [...asFloat32(t)]]);

describe('training a classifier', () => {
  it('learns: the loss falls and pictures it never saw are recognised', async () => {
    const losses: number[] = [];
    const progress: number[] = [];
    const { testAccuracy } = await trainIt({
      epochs: 4,
      onEpoch: (_, loss) => losses.push(loss),
      onProgress: ({ done }) => progress.push(done),
    });
    expect(losses).toHaveLength(4);
    expect(losses[3]!).toBeLessThan(losses[0]! / 3);
    // Chance is 0.1.
    expect(testAccuracy).toBeGreaterThan(0.8);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.every((p) => p >= 0 && p <= 1)).toBe(true);
  });

  it('gives bit-identical weights for a seed, and others for another', async () => {
    const [first, again, other] = [await trainIt(), await trainIt(), await trainIt({ seed: 2 })];
    expect(weights(again.graph)).toEqual(weights(first.graph));
    expect(again.testAccuracy).toBe(first.testAccuracy);
    expect(weights(other.graph)).not.toEqual(weights(first.graph));
  });

  it('depends on the augmentation, which is seeded too', async () => {
    const [plain, shifted, again] = [
      await trainIt(),
      await trainIt({ augmentShift: 2 }),
      await trainIt({ augmentShift: 2 }),
    ];
    expect(weights(shifted.graph)).not.toEqual(weights(plain.graph));
    expect(weights(shifted.graph)).toEqual(weights(again.graph));
  });

  it('writes a file that, read again, has the accuracy it was said to have', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cutline-training-'));
    try {
      const trained = await trainIt({ epochs: 3 });
      const path = join(dir, 'net.onnx');
      await saveModel(trained.graph, path);
      const session = await engine.load(bindBatch(await loadModel(path), data.test.count));
      const all = Array.from({ length: data.test.count }, (_, i) => i);
      const input = preprocess(await data.test.pixels(all), trained.preprocessing);
      const guesses = argMaxRows(
        asFloat32((await session.run({ input }))[trained.graph.outputs[0]!.name]),
        input.shape[0]!,
      );
      const right = guesses.filter((g, i) => g === data.test.labels![i]).length;
      expect(right / data.test.count).toBe(trained.testAccuracy);
      await session.close();
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('stops when told to, at once', async () => {
    const controller = new AbortController();
    const run = trainIt({ epochs: 500, signal: controller.signal, onEpoch: () => controller.abort() });
    const started = performance.now();
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - started).toBeLessThan(20_000);
    await expect(trainIt({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it.each([
    ['colours', spots({ channels: 3 })],
    ['size', spots({ side: 27 })],
    ['missing labels', spots({ labelled: false })],
  ])('refuses pictures of the wrong kind: %s', async (_, wrong) => {
    await expect(trainIt({}, wrong)).rejects.toMatchObject({ code: 'DATA_UNFIT' });
  });

  it('refuses fewer pictures than fill a batch', async () => {
    await expect(trainIt({}, spots({ train: 19 }))).rejects.toMatchObject({
      code: 'DATA_TOO_FEW',
      message: expect.stringMatching(/20 pictures are needed, and the training split has 19/),
    });
  });

  it('recognises clothes after a minute’s fraction on a small part of Fashion-MNIST', async (ctx) => {
    const real = await openDataset('fashion-mnist').catch((error: Error) => {
      console.warn(`SKIPPED: ${error.message}`);
      return ctx.skip(error.message);
    });
    const count = 3000;
    const part = {
      ...real,
      train: { ...real.train, count, labels: real.train.labels!.slice(0, count) },
      test: { ...real.test, count: 500, labels: real.test.labels!.slice(0, 500) },
    };
    const { testAccuracy } = await trainIt({ epochs: 2, batch: 32, learningRate: 2e-3 }, part);
    expect(testAccuracy).toBeGreaterThan(0.65);
  });
});

describe('accuracy', () => {
  it('counts every picture once, also where they do not fill whole runs', async () => {
    const { graph, preprocessing } = await trainIt();
    // One more than a run of 500 takes: the last run goes back over 469 that were counted.
    const { test } = spots({ test: 531, seed: 3 });
    const all = Array.from({ length: test.count }, (_, i) => i);
    const session = await engine.load(bindBatch(graph, test.count));
    const input = preprocess(await test.pixels(all), preprocessing);
    const guesses = argMaxRows(asFloat32((await session.run({ input }))[graph.outputs[0]!.name]), input.shape[0]!);
    await session.close();
    const right = (count: number) => guesses.slice(0, count).filter((g, i) => g === test.labels![i]).length / count;
    expect(right(531)).toBeGreaterThan(0.1);
    expect(right(531)).toBeLessThan(1);
    expect(await accuracyOn(engine, graph, test, preprocessing)).toBe(right(531));
    expect(await accuracyOn(engine, graph, test, preprocessing, { limit: 7 })).toBe(right(7));
  });
});
