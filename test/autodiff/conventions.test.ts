/** What the gradient is where there is none: kinks, ties, and tensors that do not matter. */
import { describe, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine } from '../../src/engine/index.ts';
import { type AttributeLike, GraphBuilder } from '../../src/model/builder.ts';
import { float32, int64, scalar, sizeOf, type Tensor } from '../../src/model/tensor.ts';
import { difference, numbers } from '../support/compare.ts';
import { runReference } from '../support/reference/index.ts';
import { noise, withShapes } from './check.ts';

/** Gradients of Σ dy·op(x, …) for one node; dy is all ones times `seed`. */
function gradients(op: string, inputs: readonly Tensor[], attributes: Record<string, AttributeLike> = {}, seed = 3) {
  const b = new GraphBuilder(17);
  const names = inputs.map((t, i) => b.input(`x${i}`, t.dtype, t.shape));
  b.output(b.op(op, names, attributes, 'y'));
  const feeds = Object.fromEntries(inputs.map((t, i) => [`x${i}`, t]));
  const graph = withShapes(b.build(), feeds);
  const shape = graph.outputs[0]!.shape as number[];
  const dy = float32(new Float32Array(sizeOf(shape)).fill(seed), shape);
  const results = runReference(vectorJacobianGraph(graph), { ...feeds, 'cotangent:y': dy });
  return names.map((name) => {
    const t = results[`gradient:${name}`];
    return t && numbers(t).map((v) => Number(v.toPrecision(6)) + 0);
  });
}

const row = (...data: number[]): Tensor => float32(data, [data.length]);

describe('at a kink', () => {
  it.each([
    ['Relu', [row(-1, 0, 1)], {}, [0, 0, 3]],
    ['LeakyRelu', [row(-1, 0, 1)], { alpha: { float: 0.5 } }, [1.5, 1.5, 3]],
    ['Elu', [row(0, 1)], { alpha: { float: 0.5 } }, [1.5, 3]],
    ['Abs', [row(-2, 0, 2)], {}, [-3, 0, 3]],
    ['HardSigmoid', [row(-2, 0, 2)], { alpha: { float: 0.25 }, beta: { float: 0.5 } }, [0, 0.75, 0]],
    ['HardSwish', [row(-3, 0, 3)], {}, [0, 1.5, 3]],
    ['ThresholdedRelu', [row(0.5, 1, 2)], { alpha: { float: 1 } }, [0, 0, 3]],
    ['Shrink', [row(-1, 0.5, 1)], { lambd: { float: 0.5 } }, [3, 0, 3]],
  ] as const)('%s takes the side PyTorch takes', (op, inputs, attributes, expected) => {
    expect(gradients(op, inputs, attributes)[0]).toEqual(expected);
  });

  it('Clip passes the cotangent at its limits', () => {
    const b = new GraphBuilder(17);
    const x = b.input('x', 'float32', [5]);
    b.output(b.op('Clip', [x, b.initializer(scalar(-1)), b.initializer(scalar(1))], {}, 'y'));
    const feeds = { x: row(-2, -1, 0, 1, 2) };
    const vjp = vectorJacobianGraph(withShapes(b.build(), feeds));
    const results = runReference(vjp, { ...feeds, 'cotangent:y': row(3, 3, 3, 3, 3) });
    expect(numbers(results['gradient:x']!)).toEqual([0, 3, 3, 3, 0]);
  });

  it('PRelu takes the slope', () => {
    expect(gradients('PRelu', [row(-2, 0, 2), row(0.5)])).toEqual([[1.5, 1.5, 3], [-6]]);
  });
});

describe('on a tie', () => {
  it('MaxPool gives everything to the first maximum of the window', () => {
    const x = float32([5, 5, 1, 1, 5, 2, 0, 2], [1, 1, 2, 4]);
    expect(gradients('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] })[0]).toEqual([3, 0, 0, 0, 0, 0, 0, 3]);
  });

  it('overlapping windows of MaxPool add up at the maximum they share', () => {
    const x = float32([1, 7, 7, 2], [1, 1, 4]);
    expect(gradients('MaxPool', [x], { kernel_shape: [2], strides: [1] })[0]).toEqual([0, 6, 3, 0]);
  });

  it('MaxPool does so on the engine too, in every overlap', async () => {
    const engine = await createEngine({ threads: 1 });
    try {
      const random = noise(41);
      for (const [kernel, stride, pad] of [
        [3, 1, 1],
        [3, 2, 1],
        [2, 1, 0],
        [3, 2, 0],
      ] as const) {
        const b = new GraphBuilder(17);
        b.input('x', 'float32', [2, 3, 7, 7]);
        const attributes = {
          kernel_shape: [kernel, kernel],
          strides: [stride, stride],
          pads: [pad, pad, pad, pad],
        };
        b.output(b.op('MaxPool', ['x'], attributes, 'y'));
        // Three different values, so that most windows hold their maximum several times.
        const x = float32(
          Float32Array.from({ length: 294 }, () => Math.round(random())),
          [2, 3, 7, 7],
        );
        const graph = withShapes(b.build(), { x });
        const shape = graph.outputs[0]!.shape as number[];
        const dy = float32(Float32Array.from({ length: sizeOf(shape) }, random), shape);
        const vjp = vectorJacobianGraph(graph);
        const session = await engine.load(vjp);
        const ours = await session.run({ x, 'cotangent:y': dy });
        await session.close();
        const expected = runReference(vjp, { x, 'cotangent:y': dy });
        expect(difference(numbers(ours['gradient:x']!), numbers(expected['gradient:x']!))).toBeLessThan(1e-6);
      }
    } finally {
      await engine.close();
    }
  });

  it('Max and Min give everything to the first input', () => {
    for (const op of ['Max', 'Min']) {
      expect(gradients(op, [row(1, 2), row(1, 2), row(1, 2)])).toEqual([
        [3, 3],
        [0, 0],
        [0, 0],
      ]);
    }
  });

  it('GlobalMaxPool, ReduceMax and ReduceMin share equally', () => {
    const x = float32([4, 1, 4, 1], [1, 1, 4]);
    expect(gradients('GlobalMaxPool', [x])[0]).toEqual([1.5, 0, 1.5, 0]);
    expect(gradients('ReduceMax', [x])[0]).toEqual([1.5, 0, 1.5, 0]);
    expect(gradients('ReduceMin', [x])[0]).toEqual([0, 1.5, 0, 1.5]);
  });
});

describe('what does not matter', () => {
  it('a cast to half precision and back passes the cotangent', () => {
    const b = new GraphBuilder(17);
    const x = b.input('x', 'float32', [2]);
    b.output(b.op('Cast', [b.op('Cast', [x], { to: 10 })], { to: 1 }, 'y'));
    const feeds = { x: row(0.1, 0.2) };
    const vjp = vectorJacobianGraph(withShapes(b.build(), feeds));
    const results = runReference(vjp, { ...feeds, 'cotangent:y': row(0.5, 2) });
    expect(numbers(results['gradient:x']!)).toEqual([0.5, 2]);
  });

  it('an input that no output depends on has gradient zero', () => {
    const b = new GraphBuilder(17);
    const [x, z] = [b.input('x', 'float32', [2]), b.input('z', 'float32', [3])];
    b.op('Exp', [z]);
    b.output(b.op('Neg', [x], {}, 'y'));
    const feeds = { x: row(1, 2), z: row(1, 2, 3) };
    const vjp = vectorJacobianGraph(withShapes(b.build(), feeds));
    const results = runReference(vjp, { ...feeds, 'cotangent:y': row(1, 1) });
    expect(numbers(results['gradient:z']!)).toEqual([0, 0, 0]);
  });

  it('integer inputs and outputs take no part', () => {
    const b = new GraphBuilder(17);
    const [x, i] = [b.input('x', 'float32', [1, 1, 4]), b.input('i', 'int64', [1])];
    b.ops('MaxPool', [x], { kernel_shape: [2], strides: [2] }, ['y', 'places']);
    b.output(b.op('Gather', ['y', i], { axis: 2 }, 'picked'));
    b.output('places');
    const feeds = { x: float32([1, 2, 4, 3], [1, 1, 4]), i: int64([1]) };
    const vjp = vectorJacobianGraph(withShapes(b.build(), feeds));
    expect(vjp.inputs.map((v) => v.name)).toEqual(['x', 'i', 'cotangent:picked']);
    const results = runReference(vjp, { ...feeds, 'cotangent:picked': float32([5], [1, 1, 1]) });
    expect(numbers(results['gradient:x']!)).toEqual([0, 0, 5, 0]);
    expect(Object.keys(results)).toEqual(['gradient:x']);
  });
});

describe('a body that reads the differentiated tensor', () => {
  it('is refused rather than given gradient zero', () => {
    const b = new GraphBuilder(17);
    const [x, yes] = [b.input('x', 'float32', [2]), b.input('yes', 'bool', [])];
    const body = (op: string) => {
      const inner = new GraphBuilder(17);
      inner.output(inner.op(op, [x], {}, `${op}_of_x`), 'float32', [2]);
      return { type: 'graph', value: inner.build(op) } as const;
    };
    b.output(b.op('If', [yes], { then_branch: body('Neg'), else_branch: body('Exp') }, 'y'));
    const feeds = { x: row(1, 2), yes: { dtype: 'bool', shape: [], data: Uint8Array.of(1) } } as const;
    const graph = withShapes(b.build(), feeds);
    expect(() => vectorJacobianGraph(graph)).toThrow(expect.objectContaining({ code: 'NO_GRADIENT_RULE' }));
  });
});
