/** Quantised networks: straight through rounding, not through saturation, and refused where arithmetic is on integers. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { float32, GraphBuilder, inferShapes, scalar, sizeOf, type Tensor } from '../../src/model/index.ts';
import { type Case, type CaseGenerator, caseOf, describeCase, type Sketch } from '../support/cases/index.ts';
import { mismatch, numbers } from '../support/compare.ts';
import { runReference } from '../support/reference/index.ts';
import {
  byInput,
  compareWithDifferences,
  cotangentsOf,
  inSinglePrecision,
  noise,
  vjpFeeds,
  withShapes,
} from './check.ts';
import { withoutRounding } from './straight-through.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const zeroPoint = (dtype: 'int8' | 'uint8', values: readonly number[], shape: readonly number[]): Tensor => ({
  dtype,
  shape,
  data: dtype === 'int8' ? Int8Array.from(values) : Uint8Array.from(values),
});

/** Powers of two as scales: rounding falls alike in float32 and float64. */
function quantized(s: Sketch, x: string, dtype: 'int8' | 'uint8', bits: number, axis?: number, channels = 1): string {
  const per = axis === undefined ? [] : [channels];
  const scale = float32(
    Array.from({ length: channels }, () => 2 ** -s.int(bits - 1, bits)),
    per,
  );
  const zero = zeroPoint(
    dtype,
    Array.from({ length: channels }, () => s.int(dtype === 'int8' ? -20 : 100, 120)),
    per,
  );
  const names = [s.initializer(scale), s.initializer(zero)] as const;
  const attributes: Record<string, number> = axis === undefined ? {} : { axis };
  const inner = s.pick(['none', 'transpose', 'reshape'] as const);
  const q = s.inner('QuantizeLinear', [x, ...names], attributes);
  // Values move while they are integers, as quantisers of whole graphs leave it.
  const moved =
    axis === undefined && inner !== 'none' ? s.inner('Reshape', [s.inner('Flatten', [q]), s.list([0, -1])]) : q;
  return s.inner('DequantizeLinear', [moved, ...names], attributes);
}

/** Of values from −4 to 4 a good part saturates. */
const pair: CaseGenerator = (s) => {
  const shape = [s.int(1, 3), s.int(1, 4)];
  const axis = s.bool() ? s.int(0, 1) : undefined;
  const y = quantized(
    s,
    s.real(shape, -4, 4),
    s.pick(['int8', 'uint8']),
    6,
    axis,
    axis === undefined ? 1 : shape[axis],
  );
  s.node('Mul', [s.inner('Tanh', [y]), s.weight(shape.map((_, d) => (d === 0 ? 1 : shape[1]!)))]);
};

const dynamic: CaseGenerator = (s) => {
  const [y, scale, zero] = s.inners('DynamicQuantizeLinear', [s.real(s.shape(1, 3), -4, 4)], {}, 3);
  s.node('Exp', [s.inner('DequantizeLinear', [y!, scale!, zero!])]);
};

/** Convolution, pool and classifier with int8 weights a channel and uint8 activations, in the QDQ format. */
const network: CaseGenerator = (s) => {
  const weights = (shape: readonly number[]) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const bytes: Tensor = { dtype: 'int8', shape, data: Int8Array.from({ length: count }, () => s.int(-127, 127)) };
    const scale = float32(
      Array.from({ length: shape[0]! }, () => 2 ** -7),
      [shape[0]!],
    );
    const zeros = zeroPoint('int8', new Array<number>(shape[0]!).fill(0), [shape[0]!]);
    const names = [bytes, scale, zeros].map((t) => s.initializer(t));
    return s.inner('DequantizeLinear', names, { axis: 0 });
  };
  const activation = (x: string, exponent: number) => {
    const names = [s.initializer(scalar(2 ** -exponent)), s.initializer(zeroPoint('uint8', [110], []))];
    return s.inner('DequantizeLinear', [s.inner('QuantizeLinear', [x, ...names]), ...names]);
  };
  const x = activation(s.real([1, 2, 6, 6]), 6);
  const conv = s.inner('Conv', [x, weights([4, 2, 3, 3])], { pads: [1, 1, 1, 1] });
  const first = activation(s.inner('Softplus', [conv]), 5);
  const pooled = activation(s.inner('AveragePool', [first], { kernel_shape: [2, 2], strides: [2, 2] }), 5);
  const flat = s.inner('Flatten', [pooled]);
  s.node('Gemm', [flat, weights([5, 36])], { transB: 1 });
};

async function check(drawn: Case, seed: number): Promise<number> {
  const random = noise(seed);
  const graph = withShapes(drawn.graph, drawn.feeds);
  const vjp = vectorJacobianGraph(graph);
  const cotangents = cotangentsOf(graph, random);
  const feeds = vjpFeeds(drawn.feeds, cotangents);
  const exact = runReference(vjp, feeds);
  const smooth = withoutRounding(graph, drawn.feeds);
  const { wrong, compared } = compareWithDifferences(smooth, drawn.feeds, cotangents, byInput(exact), random, {
    tolerance: 1e-6,
  });
  expect(wrong, describeCase(drawn)).toEqual([]);
  const session = await engine.load(vjp);
  const single = await session.run(inSinglePrecision(feeds));
  await session.close();
  expect(mismatch(single, runReference(vjp, feeds, { precision: 'declared' }), 1e-4)).toBeUndefined();
  return compared;
}

describe('straight through', () => {
  for (const [name, generator, runs] of [
    ['a quantiser and its inverse, values moved between', pair, 60],
    ['a dynamic quantiser', dynamic, 20],
    ['a quantised network', network, 4],
  ] as const) {
    it(name, async () => {
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(caseOf(generator), fc.nat(), async (drawn, seed) => {
          compared += await check(drawn, seed);
        }),
        { numRuns: runs, seed: 7 },
      );
      expect(compared).toBeGreaterThan(0);
    });
  }

  it('stops where a value saturates, and not before', () => {
    const drawn = fc.sample(
      caseOf((s) => {
        const x = s.feed(float32([-2, -1, -0.5, 0, 0.5, 0.9921875, 1, 2], [8]));
        const names = [s.initializer(scalar(1 / 128)), s.initializer(zeroPoint('int8', [0], []))];
        s.node('DequantizeLinear', [s.inner('QuantizeLinear', [x, ...names]), ...names]);
      }),
      1,
    )[0]!;
    const graph = withShapes(drawn.graph, drawn.feeds);
    const ones = float32(new Float32Array(8).fill(3), [8]);
    const results = runReference(vectorJacobianGraph(graph), { ...drawn.feeds, 'cotangent:t1': ones });
    expect(numbers(Object.values(results)[0]!)).toEqual([0, 3, 3, 3, 3, 3, 0, 0]);
  });
});

describe('arithmetic on integers', () => {
  const bytes = (b: GraphBuilder, shape: readonly number[]) =>
    b.initializer({ dtype: 'int8', shape, data: new Int8Array(sizeOf(shape)).fill(3) });
  /** What onnxruntime's quantiser writes: dynamic, or with the ranges known beforehand. */
  const writers: Readonly<Record<string, (b: GraphBuilder, x: string) => string>> = {
    ConvInteger: (b, x) => {
      const [y, scale, zero] = b.ops('DynamicQuantizeLinear', [x], {}, ['y', 'scale', 'zero']);
      const sums = b.op('ConvInteger', [y!, bytes(b, [4, 2, 3, 3]), zero!], {}, 'sums');
      return b.op('Mul', [b.op('Cast', [sums], { to: 1 }), scale!]);
    },
    MatMulInteger: (b, x) => {
      const [y, scale, zero] = b.ops('DynamicQuantizeLinear', [x], {}, ['y', 'scale', 'zero']);
      const sums = b.op('MatMulInteger', [y!, bytes(b, [5, 4]), zero!], {}, 'sums');
      return b.op('Mul', [b.op('Cast', [sums], { to: 1 }), scale!]);
    },
    QLinearConv: (b, x) => {
      const [scale, none] = [b.initializer(scalar(0.1)), b.initializer(zeroPoint('int8', [0], []))];
      const y = b.op('QuantizeLinear', [x, scale, none]);
      const w = bytes(b, [4, 2, 3, 3]);
      const z = b.op('QLinearConv', [y, scale, none, w, scale, none, scale, none], {}, 'sums');
      return b.op('DequantizeLinear', [z, scale, none]);
    },
  };

  for (const [op, write] of Object.entries(writers)) {
    it(`${op} is refused, and the message says what works without gradients`, async () => {
      const b = new GraphBuilder(17);
      b.output(write(b, b.input('x', 'float32', [1, 2, 5, 5])));
      const graph = await inferShapes(b.build(), engine);
      const message = expect.stringMatching(new RegExp(`Node sums: operator ${op} .*inverse-network and shadow`));
      expect(() => vectorJacobianGraph(graph)).toThrow(expect.objectContaining({ code: 'NO_GRADIENT_RULE', message }));
    });
  }
});
