/** A second opinion: TensorFlow.js on its pure JavaScript backend differentiates the same functions. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../src/autodiff/index.ts';
import type { Tensor } from '../../src/model/tensor.ts';
import { describeCase, Sketch } from '../support/cases/index.ts';
import { difference, numbers } from '../support/compare.ts';
import { runReference } from '../support/reference/index.ts';
import { byInput, cotangentsOf, noise, vjpFeeds, withShapes } from './check.ts';
import { moreTwins } from './more-twins.ts';
import { type Twin, twins } from './twins.ts';

/** TensorFlow.js computes in float32. */
const tolerance = 5e-5;

const toTf = (t: Tensor): tf.Tensor => tf.tensor(Float32Array.from(numbers(t)), [...t.shape], 'float32');

function check(twin: Twin, draw: fc.GeneratorValue, seed: number): void {
  const sketch = new Sketch(draw);
  const f = twin(sketch);
  const drawn = sketch.finish();
  const graph = withShapes(drawn.graph, drawn.feeds);
  const cotangents = cotangentsOf(graph, noise(seed));
  const ours = byInput(runReference(vectorJacobianGraph(graph), vjpFeeds(drawn.feeds, cotangents)));
  const forward = runReference(graph, drawn.feeds);
  tf.tidy(() => {
    const inputs = drawn.reals.map((name) => toTf(drawn.feeds[name]!));
    const [output] = graph.outputs;
    const value = f(...inputs);
    expect(value.shape, describeCase(drawn)).toEqual(output!.shape);
    expect(difference(Array.from(value.dataSync()), numbers(forward[output!.name]!))).toBeLessThan(tolerance);
    const theirs = tf.grads((...x) => f(...x))(inputs, toTf(cotangents[output!.name]!));
    drawn.reals.forEach((name, i) => {
      const off = difference(numbers(ours[name]!), Array.from(theirs[i]!.dataSync()));
      expect(off, `${name} of ${describeCase(drawn)}`).toBeLessThan(tolerance);
    });
  });
}

describe('TensorFlow.js computes the same gradients', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  for (const [name, twin] of Object.entries({ ...twins, ...moreTwins })) {
    it(name, () => {
      fc.assert(
        fc.property(fc.gen(), fc.nat(), (draw, seed) => check(twin, draw, seed)),
        { numRuns: 15, seed: 9 },
      );
    });
  }
});
