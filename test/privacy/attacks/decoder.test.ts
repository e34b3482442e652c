/** The parts of a decoder: where features lie, the equations of its linear path, and the shapes it is made for. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { gridFor, gridOfAll } from '../../../src/privacy/attacks/decoder/grid.ts';
import { type Equations, solveRidge } from '../../../src/privacy/attacks/equations/ridge.ts';
import { inverseNetwork } from '../../../src/privacy/attacks/index.ts';
import { deadLeaves } from '../../../src/privacy/audit/dead-leaves.ts';
import { createRandom } from '../../../src/random.ts';
import { layoutOf } from '../../../src/training/index.ts';
import { branching, chain, residual } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { scene } from './scene.ts';

const square = { height: 224, width: 224, layout: 'NCHW' } as const;

describe('the layout of an activation', () => {
  it.each([
    ['channels first', [64, 56, 56], square, { order: 'NCHW', channels: 64, height: 56, width: 56 }],
    [
      'channels last',
      [56, 56, 64],
      { ...square, layout: 'NHWC' },
      { order: 'NHWC', channels: 64, height: 56, width: 56 },
    ],
    [
      'a map of a wide picture',
      [32, 12, 48],
      { height: 48, width: 192, layout: 'NCHW' },
      { order: 'NCHW', height: 12, width: 48 },
    ],
    ['tokens', [196, 768], square, { order: 'tokens', channels: 768, height: 14, width: 14, skip: 0 }],
    ['tokens after a class token', [197, 768], square, { order: 'tokens', height: 14, width: 14, skip: 1 }],
  ] as const)('is found for %s', (_, shape, picture, expected) => {
    expect(layoutOf(shape, picture)).toMatchObject({ kind: 'map', ...expected });
  });

  it.each([[[512]], [[1, 1, 1000]], [[7, 300]]])('is a list for %j', (shape) => {
    expect(layoutOf(shape, square)).toMatchObject({ kind: 'flat' });
  });

  it('keeps features where their pixels are: what convolutions without padding lost is filled up on all sides', () => {
    const lenet = { height: 28, width: 28, layout: 'NCHW' } as const;
    expect(gridFor({ height: 24, width: 24 }, lenet)).toEqual({ stride: 1, height: 28, width: 28 });
    expect(gridFor({ height: 8, width: 8 }, lenet)).toEqual({ stride: 2, height: 14, width: 14 });
    expect(
      gridOfAll(
        [
          { name: 'a', shape: [8, 56, 56] },
          { name: 'b', shape: [8, 28, 28] },
        ],
        square,
      ).stride,
    ).toBe(4);
  });
});

describe('ridge regression', () => {
  /** y = wᵀx for random x of three numbers, the last of them 1. */
  function equations(random: ReturnType<typeof createRandom>, rows: number, noise: number): Equations {
    const e: Equations = { unknowns: 3, outputs: 1, xx: new Float64Array(9), xy: new Float64Array(3), yy: 0 };
    for (let n = 0; n < rows; n++) {
      const x = [random.normal(), random.normal(), 1];
      const y = 2 * x[0]! - x[1]! + 0.5 + noise * random.normal();
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) e.xx[i * 3 + j]! += x[i]! * x[j]!;
        e.xy[i]! += x[i]! * y;
      }
      e.yy += y * y;
    }
    return e;
  }

  it('finds what there is to find', () => {
    const random = createRandom(1);
    const { weights: w, unexplained } = solveRidge(equations(random, 200, 0.01), equations(random, 50, 0.01));
    expect(unexplained).toBeLessThan(0.01);
    [2, -1, 0.5].forEach((v, i) => {
      expect(w[i]).toBeCloseTo(v, 1);
    });
  });

  it('does nothing where everything it could do is worse than that', () => {
    const random = createRandom(1);
    const judge = equations(random, 50, 0);
    // The judge has seen the opposite.
    for (let i = 0; i < 3; i++) judge.xy[i] = -judge.xy[i]!;
    const { weights, unexplained } = solveRidge(equations(random, 200, 0), judge);
    expect([...weights]).toEqual([0, 0, 0]);
    expect(unexplained).toBe(1);
  });
});

describe('a generated decoder', async () => {
  const engine = await createEngine({ threads: 1, flushDenormals: true });
  afterAll(() => engine.close());
  const small = { decoder: 'residual', data: 'same-set', loss: 'mse', size: { width: 8, blocks: 1 } } as const;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  it('reads a convolution by equations alone', async () => {
    const data = spots({ train: 200, test: 20 });
    const { run, psnrOf } = await scene({ engine, graph: chain({ batch: 'n' }), cut: 'conv1', data, victims: [0, 1] });
    const found = await run(inverseNetwork({ ...small, cut: 'conv1', queries: 100, epochs: 1 }));
    expect(mean(psnrOf(found.pictures))).toBeGreaterThan(35);
  });

  it.each([
    ['a residual block', residual, 'b_down_bn+b_relu1'],
    ['two branches', branching, 'left_relu+right_relu1'],
  ] as const)('takes the several tensors of a cut inside %s', async (_, network, cut) => {
    const data = spots({ channels: 3, side: 16, train: 120, test: 20 });
    const graph = network({ batch: 'n' });
    const { run, psnrOf, blind, ground } = await scene({ engine, graph, cut, data, victims: [0, 1] });
    expect(Object.keys(ground.observed).length).toBeGreaterThan(1);
    const found = await run(inverseNetwork({ ...small, cut, queries: 100, epochs: 6 }));
    expect(mean(psnrOf(found.pictures))).toBeGreaterThan(mean(await blind()) + 2);
  });
});

it('pictures without a camera are the same for a seed, and are not all alike', () => {
  const size = { channels: 3, height: 16, width: 16 };
  const draw = (seed: number) => {
    const out = new Uint8Array(3 * 16 * 16);
    deadLeaves(out, size, createRandom(seed));
    return out;
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect(new Set(draw(1)).size).toBeGreaterThan(20);
});
