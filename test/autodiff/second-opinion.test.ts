/**
 * Gradients of whole networks against central differences of the forward pass, all of it through onnxruntime: nothing
 * of ours but the gradient graph takes part, neither the reference interpreter nor its shapes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine, type Session } from '../../src/engine/index.ts';
import { float32, foldConstants, type Graph, inferShapes, sizeOf, type Tensors } from '../../src/model/index.ts';
import { numbers } from '../support/compare.ts';
import { noise } from './check.ts';
import { families } from './families.ts';

/** Of a direction of length √n. Values are float32: rounding leaves about 1e-7/step, curvature about step². */
const step = 5e-4;
/** Relative to the length of the gradient. */
const tolerance = 3e-3;
const directions = 8;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const filled = (shape: readonly number[], random: () => number): Float32Array =>
  Float32Array.from({ length: sizeOf(shape) }, random);

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, v, i) => sum + v * b[i]!, 0);

async function gradientOf(graph: Graph, feeds: Tensors): Promise<number[]> {
  const session = await engine.load(vectorJacobianGraph(graph));
  const result = await session.run(feeds);
  await session.close();
  return numbers(result['gradient:input']!);
}

describe('gradients of whole networks agree with differences on onnxruntime', () => {
  for (const [name, network] of Object.entries(families)) {
    it(name, async () => {
      const random = noise(31);
      const graph = await foldConstants(await inferShapes(network, engine), engine);
      const shape = graph.inputs[0]!.shape as number[];
      const output = graph.outputs[0]!;
      const x = filled(shape, random);
      const dy = filled(output.shape as number[], random);
      const gradient = await gradientOf(graph, {
        input: float32(x, shape),
        [`cotangent:${output.name}`]: float32(dy, output.shape as number[]),
      });
      const length = Math.hypot(...gradient);
      expect(length).toBeGreaterThan(0);

      const session: Session = await engine.load(network);
      const loss = async (by: number, direction: readonly number[]) => {
        const moved = x.map((v, i) => v + by * direction[i]!);
        return dot(numbers((await session.run({ input: float32(moved, shape) }))[output.name]!), dy);
      };
      const here = await loss(0, gradient);
      let compared = 0;
      for (let n = 0; n < directions; n++) {
        // The gradient's own direction first, then random ones.
        const raw = n === 0 ? gradient : Array.from(x, random);
        const unit = Math.sqrt(raw.length) / Math.hypot(...raw);
        const direction = raw.map((v) => v * unit);
        const scale = length * Math.sqrt(raw.length);
        const [up, down] = [await loss(step, direction), await loss(-step, direction)];
        // The two sides differ by a kink: no derivative to compare with.
        if (Math.abs(up - 2 * here + down) / step > tolerance * scale) continue;
        compared++;
        const off = Math.abs((up - down) / (2 * step) - dot(gradient, direction)) / scale;
        expect(off, `direction ${n}`).toBeLessThan(tolerance);
      }
      expect(compared).toBeGreaterThan(directions / 2);
      await session.close();
    });
  }
});
