/** A trained model from a file: its gradient graph against central differences, through our own reader and shapes. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prune, vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { bindBatch, inferShapes, loadModel } from '../../src/model/index.ts';
import { float32 } from '../../src/model/tensor.ts';
import { difference, numbers } from '../support/compare.ts';
import { runReference } from '../support/reference/index.ts';
import { byInput, compareWithDifferences, cotangentsOf, inSinglePrecision, noise, vjpFeeds } from './check.ts';

const path = resolve(process.env.CUTLINE_SHARED ?? '../shared', 'models/lenet-mnist.onnx');

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

describe('a trained LeNet', () => {
  for (const cut of ['conv1', 'ReLU2', 'logits']) {
    it(`has the right gradient of its input at ${cut}`, async (context) => {
      if (!existsSync(path)) {
        console.warn(`SKIPPED: ${path} is not there; set CUTLINE_SHARED.`);
        context.skip('the shared models are not there');
      }
      const whole = await inferShapes(bindBatch(await loadModel(path), 1), engine);
      const value = whole.values.get(cut) ?? whole.outputs.find((o) => o.name === cut)!;
      const head = prune({ ...whole, outputs: [value] });
      const random = noise(21);
      const feeds = { input: float32(Float32Array.from({ length: 784 }, random), [1, 1, 28, 28]) };
      const vjp = vectorJacobianGraph(head);
      const cotangents = cotangentsOf(head, random);
      const exact = runReference(vjp, vjpFeeds(feeds, cotangents));
      const options = { tolerance: 2e-6, step: 1e-6, coordinates: 6, skipKinks: true };
      const result = compareWithDifferences(head, feeds, cotangents, byInput(exact), random, options);
      expect(result.wrong).toEqual([]);
      expect(result.compared).toBeGreaterThan(result.skipped);

      const session = await engine.load(vjp);
      const single = await session.run(inSinglePrecision(vjpFeeds(feeds, cotangents)));
      await session.close();
      const name = 'gradient:input';
      expect(difference(numbers(single[name]!), numbers(exact[name]!))).toBeLessThan(1e-4);
    });
  }
});
