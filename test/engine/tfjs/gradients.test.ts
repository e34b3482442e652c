/** What autodiff writes runs on both engines alike: gradients of every operator, a whole attack, and training. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { CutlineError } from '../../../src/errors.ts';
import { asFloat32, type Graph } from '../../../src/model/index.ts';
import { inverseNetwork, type RmleOptions, rmle } from '../../../src/privacy/attacks/index.ts';
import { trainClassifier } from '../../../src/training/index.ts';
import { cotangentsOf, inSinglePrecision, noise, vjpFeeds, withShapes } from '../../autodiff/check.ts';
import { scene } from '../../privacy/attacks/scene.ts';
import { caseOf, describeCase, operatorCases } from '../../support/cases/index.ts';
import { difference, mismatch } from '../../support/compare.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { tfjsPackages } from './packages.ts';

const onnxruntime = await createEngine({ threads: 1 });
const tfjs = await createEngine({ engine: 'tfjs', packages: tfjsPackages });
afterAll(async () => {
  await Promise.all([onnxruntime.close(), tfjs.close()]);
});

async function runOn(engine: Engine, graph: Graph, feeds: Parameters<typeof inSinglePrecision>[0]) {
  const session = await engine.load(graph);
  try {
    return await session.run(Object.fromEntries(session.inputs.map((v) => [v.name, feeds[v.name]!])));
  } finally {
    await session.close();
  }
}

describe('gradient graphs', () => {
  for (const [op, generators] of Object.entries(operatorCases)) {
    it(op, async (ctx) => {
      let compared = 0;
      for (const generator of generators) {
        for (const drawn of fc.sample(caseOf(generator), { numRuns: 3, seed: 8 })) {
          // onnxruntime reads the 0 of an empty axis as "keep".
          if (Object.values(drawn.feeds).some((t) => t.data.length === 0)) continue;
          const graph = withShapes(drawn.graph, drawn.feeds);
          let gradient: Graph;
          try {
            gradient = vectorJacobianGraph(graph);
          } catch (error) {
            // Only rules are compared here: what has none is said in docs/operators.md.
            if (error instanceof CutlineError && error.code === 'NO_GRADIENT_RULE') continue;
            throw error;
          }
          if (gradient.outputs.length === 0) continue;
          const feeds = inSinglePrecision(vjpFeeds(drawn.feeds, cotangentsOf(graph, noise(4))));
          const expected = await runOn(onnxruntime, gradient, feeds);
          const actual = await runOn(tfjs, gradient, feeds);
          expect(mismatch(actual, expected, 1e-4), describeCase(drawn)).toBeUndefined();
          compared++;
        }
      }
      if (compared === 0) ctx.skip('it has no gradient');
    });
  }
});

describe('attacks', () => {
  it('rMLE takes the same way on both engines, with Adam and with L-BFGS', async () => {
    const run = async (engine: Engine, options: RmleOptions) => {
      const s = await scene({
        engine,
        graph: chain({ batch: 'n' }),
        cut: 'ReLU1',
        data: spots({ test: 4 }),
        victims: [0, 1],
      });
      const { pictures } = await rmle(options).run(s.context);
      return { data: [...asFloat32(pictures)], psnr: s.psnrOf(pictures) };
    };
    for (const options of [
      { solver: 'adam', cut: 'ReLU1', iterations: 25, lambdaTv: 1e-3, learningRate: 0.05 },
      { solver: 'lbfgs', cut: 'ReLU1', iterations: 12, lambdaTv: 1e-3 },
    ] as const) {
      const [ours, theirs] = [await run(tfjs, options), await run(onnxruntime, options)];
      expect(difference(ours.data, theirs.data), options.solver).toBeLessThan(2e-2);
      ours.psnr.forEach((db, i) => {
        expect(Math.abs(db - theirs.psnr[i]!)).toBeLessThan(0.5);
        expect(db).toBeGreaterThan(15);
      });
    }
  });

  it('an inverse network solves and learns without float64 too', async () => {
    const data = spots({ train: 40, test: 4 });
    const s = await scene({ engine: tfjs, graph: chain({ batch: 'n' }), cut: 'conv1', data, victims: [0, 1] });
    const size = { width: 4, blocks: 1 };
    const options = { decoder: 'residual', data: 'same-set', loss: 'mse+ssim', size, epochs: 1 } as const;
    const { pictures } = await s.run(inverseNetwork({ ...options, cut: 'conv1', queries: 24 }));
    // The best picture of somebody who has seen nothing scores 20 dB.
    for (const db of s.psnrOf(pictures)) expect(db).toBeGreaterThan(23);
  });
});

describe('training', () => {
  it('a network takes the same steps on both engines', async () => {
    const data = spots({ train: 60, test: 20 });
    const train = async (engine: Engine) =>
      trainClassifier(engine, data, {
        network: 'lenet',
        epochs: 1,
        batch: 20,
        learningRate: 3e-3,
        halveEvery: 20,
        augmentShift: 0,
        seed: 1,
      });
    const [ours, theirs] = [await train(tfjs), await train(onnxruntime)];
    for (const [name, t] of theirs.graph.initializers) {
      const other = ours.graph.initializers.get(name)!;
      expect(difference([...asFloat32(other)], [...asFloat32(t)]), name).toBeLessThan(1e-3);
    }
  });
});
