/** What is inferred is what runs: held against the engine over random sizes and attributes. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { type AttributeLike, float32, GraphBuilder, inferShapes, int64 } from '../../../src/model/index.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

interface Drawn {
  readonly op: string;
  readonly opset: number;
  readonly input: readonly number[];
  /** Further inputs; undefined is left out. */
  readonly constants: readonly (readonly number[] | { readonly int64: readonly number[] } | undefined)[];
  readonly attributes: Record<string, AttributeLike>;
}

const side = fc.integer({ min: 1, max: 40 });
const scale = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 30 })).map(([a, b]) => a / b),
  fc.constantFrom(1 / 3, 5 / 3, 2 / 3, 1.1, 2, 3),
);
const images = fc.tuple(side, side).map(([h, w]) => [1, 2, h, w]);
const stride = fc.integer({ min: 1, max: 4 });

const resizing = fc
  .record({
    op: fc.constantFrom('Resize', 'Upsample'),
    input: images,
    scales: fc.tuple(scale, scale),
    mode: fc.constantFrom('nearest', 'linear'),
  })
  .map(({ op, input, scales, mode }): Drawn => {
    const all = [1, 1, ...scales.map((s) => (op === 'Upsample' ? 1 + s : s))];
    return op === 'Upsample'
      ? { op, opset: 9, input, constants: [all], attributes: { mode } }
      : { op, opset: 17, input, constants: [undefined, all], attributes: { mode } };
  });

const keepingAspect = fc
  .record({
    input: images,
    sizes: fc.tuple(side, side),
    policy: fc.constantFrom('stretch', 'not_larger', 'not_smaller'),
  })
  .map(
    ({ input, sizes, policy }): Drawn => ({
      op: 'Resize',
      opset: 18,
      input,
      constants: [undefined, undefined, { int64: sizes }],
      attributes: { mode: 'nearest', axes: [2, 3], keep_aspect_ratio_policy: policy },
    }),
  );

const pooling = fc
  .record({
    op: fc.constantFrom('MaxPool', 'AveragePool', 'LpPool'),
    input: images,
    kernel: fc.integer({ min: 1, max: 5 }),
    strides: fc.tuple(stride, stride),
    dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 })),
    pads: fc.array(fc.nat(4), { minLength: 4, maxLength: 4 }),
    ceil: fc.boolean(),
  })
  .map(
    ({ op, input, kernel, strides, dilations, pads, ceil }): Drawn => ({
      op,
      opset: 19,
      input,
      constants: [],
      attributes: {
        kernel_shape: [kernel, kernel],
        strides,
        dilations,
        pads: pads.map((p) => Math.min(p, kernel - 1)),
        ceil_mode: ceil ? 1 : 0,
      },
    }),
  );

const convolving = fc
  .record({
    op: fc.constantFrom('Conv', 'ConvTranspose'),
    input: images,
    kernel: fc.integer({ min: 1, max: 5 }),
    strides: fc.tuple(stride, stride),
    dilations: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    pads: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
    auto: fc.constantFrom('NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  })
  .map(
    ({ op, input, kernel, strides, dilations, pads, auto }): Drawn => ({
      op,
      opset: 17,
      input,
      constants: [Array.from({ length: 4 * kernel * kernel }, () => 1)],
      attributes: {
        kernel_shape: [kernel, kernel],
        strides,
        ...(auto === 'NOTSET' ? { pads } : { auto_pad: auto }),
        // Conv pads by itself only without dilations.
        ...((auto === 'NOTSET' || op === 'ConvTranspose') && { dilations }),
        ...(op === 'ConvTranspose' && { output_padding: strides.map((n) => n - 1) }),
      },
    }),
  );

/** The operator, with a second one behind it that must see the same extent. */
function graphOf({ op, opset, input, constants, attributes }: Drawn) {
  const b = new GraphBuilder(opset);
  const rest = constants.map((c) => {
    if (c === undefined) return '';
    if ('int64' in c) return b.initializer(int64(c.int64));
    const kernel = op.startsWith('Conv') ? Math.sqrt(c.length / 4) : 0;
    return b.initializer(float32([...c], kernel > 0 ? [2, 2, kernel, kernel] : [c.length]));
  });
  const x = b.input('x', 'float32', input);
  b.output(b.op('Relu', [b.op(op, [x, ...rest], attributes, 'made')], {}, 'y'));
  return b.build();
}

const kinds = { resizing, keepingAspect, pooling, convolving };

it.each(Object.entries(kinds))('%s', { timeout: 120_000 }, async (_, drawn) => {
  let ran = 0;
  await fc.assert(
    fc.asyncProperty(drawn as fc.Arbitrary<Drawn>, async (d) => {
      const graph = graphOf(d);
      const session = await engine.load(
        { ...graph, outputs: ['made', 'y'].map((name) => ({ name, dtype: 'float32', shape: [], unknown: 'type' })) },
        { optimization: 'disabled' },
      );
      const x = float32(new Float32Array(d.input.reduce((a, n) => a * n, 1)), d.input);
      // The runtime has limits of its own: kernels larger than their input, padding of both kinds.
      const results = await session.run({ x }).catch(() => undefined);
      await session.close();
      if (!results) return;
      ran++;
      const inferred = await inferShapes(graph, engine);
      for (const name of ['made', 'y']) expect(inferred.values.get(name)?.shape, name).toEqual(results[name]!.shape);
    }),
    { numRuns: 150 },
  );
  expect(ran).toBeGreaterThan(50);
});
