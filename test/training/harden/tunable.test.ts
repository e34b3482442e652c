import { describe, expect, it } from 'vitest';
import { float32, GraphBuilder } from '../../../src/model/index.ts';
import { tunableWeights } from '../../../src/training/harden/tunable.ts';

const weight = (b: GraphBuilder, name: string, shape: readonly number[]) =>
  b.initializer(float32(new Float32Array(shape.reduce((a, n) => a * n, 1)), shape), name);

describe('weights that a training may move', () => {
  it('are those that weigh and shift, not the statistics of a normalisation, single numbers, and shapes', () => {
    const b = new GraphBuilder(17);
    b.input('x', 'float32', [1, 3, 8, 8]);
    const conv = b.op('Conv', ['x', weight(b, 'w', [4, 3, 3, 3]), weight(b, 'b', [4])], { kernel_shape: [3, 3] });
    const parameters = ['scale', 'shift', 'mean', 'variance'].map((name) => weight(b, name, [4]));
    const normal = b.op('BatchNormalization', [conv, ...parameters]);
    const half = b.op('Mul', [normal, weight(b, 'half', [])]);
    const cut = b.op('Clip', [half, weight(b, 'low', []), weight(b, 'high', [])]);
    b.output(cut, 'float32', [1, 4, 6, 6]);
    expect([...tunableWeights(b.build())].sort()).toEqual(['b', 'scale', 'shift', 'w']);
  });

  it('are left alone where something else reads them too', () => {
    const b = new GraphBuilder(17);
    b.input('x', 'float32', [2, 4]);
    const shared = weight(b, 'shared', [4, 4]);
    const y = b.op('MatMul', ['x', shared]);
    b.output(b.op('Where', [b.op('Greater', [shared, b.constant(0)]), shared, y]), 'float32', [4, 4]);
    expect(tunableWeights(b.build()).size).toBe(0);
  });
});
