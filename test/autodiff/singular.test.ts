/** Points without a derivative: the gradient is finite there, and where there is a usual one it is that. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { float32, foldConstants, inferShapes, sizeOf } from '../../src/model/index.ts';
import { difference, numbers } from '../support/compare.ts';
import { guarded } from './singular/guarded.ts';
import { masks } from './singular/masked.ts';
import { graphOf, type Point } from './singular/point.ts';
import { roots } from './singular/roots.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

async function gradientsAt(point: Point): Promise<Record<string, number[]>> {
  const graph = await foldConstants(await inferShapes(graphOf(point), engine), engine);
  const head = { ...graph, outputs: graph.outputs.filter((v) => v.name === 'y') };
  const shape = head.outputs[0]!.shape as number[];
  const session = await engine.load(vectorJacobianGraph(head));
  const dy = float32(new Float32Array(sizeOf(shape)).fill(1), shape);
  const results = await session.run({ ...point.x, 'cotangent:y': dy });
  await session.close();
  return Object.fromEntries(Object.keys(point.x).map((name) => [name, numbers(results[`gradient:${name}`]!)]));
}

const suites = { 'roots, norms and products': roots, 'branches not chosen': guarded, 'masks and equal values': masks };

for (const [suite, points] of Object.entries(suites)) {
  describe(suite, () => {
    for (const point of points) {
      it(point.name, async () => {
        const gradients = await gradientsAt(point);
        for (const [name, list] of Object.entries(gradients)) {
          expect(
            list.filter((v) => !Number.isFinite(v)),
            `gradient of ${name}: ${list}`,
          ).toEqual([]);
          const expected = point.gradient?.[name];
          if (expected) expect(difference(list, expected), `gradient of ${name}: ${list}`).toBeLessThan(1e-5);
        }
      });
    }
  });
}
