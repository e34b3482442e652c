/** Rounding of codes: three ways of writing it that are one, and what comes back through each. */
import { afterAll, describe, expect, it } from 'vitest';
import { backward, writeForward } from '../../../src/autodiff/index.ts';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, float32, GraphBuilder, inferShapes } from '../../../src/model/index.ts';
import { rounded, roundedApart, roundedThrough } from '../../../src/training/harden/rounding.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const n = 2001;
const x = float32(
  Float32Array.from({ length: n }, (_, i) => (i - 1000) / 60),
  [n],
);

function written(levels: number, way: 'through' | 'apart' | 'device') {
  const b = new GraphBuilder(17);
  b.input('x', 'float32', [n]);
  const bounded = b.op('Tanh', ['x']);
  const y =
    way === 'through'
      ? roundedThrough(b, bounded, levels)
      : way === 'apart'
        ? roundedApart(b, bounded, levels)
        : rounded(b, bounded, levels, 'code');
  b.op('Identity', [y], {}, 'y');
  b.output('y', 'float32', [n]);
  return b.build();
}

async function valuesOf(levels: number, way: 'through' | 'apart' | 'device'): Promise<Float32Array> {
  const session = await engine.load(written(levels, way));
  try {
    return asFloat32((await session.run({ x })).y);
  } finally {
    await session.close();
  }
}

async function slopes(levels: number, way: 'through' | 'apart'): Promise<Float32Array> {
  const graph = await inferShapes(written(levels, way), engine);
  const forward = writeForward(graph, ['x']);
  const seed = forward.g.expand(forward.g.value(1), [n]);
  const gradient = backward(forward, new Map([['y', seed]]), ['x']).get('x')!;
  forward.g.graph.output(gradient, 'float32', [n]);
  const session = await engine.load(forward.g.graph.build());
  try {
    return asFloat32((await session.run({ x }))[gradient]);
  } finally {
    await session.close();
  }
}

describe.each([2, 4, 8, 16])('rounding to %i levels', (levels) => {
  it('gives odd multiples of 1/L, all of them and never 0, also where tanh saturates', async () => {
    const values = await valuesOf(levels, 'device');
    const expected = Array.from({ length: levels }, (_, i) => (2 * i + 1) / levels - 1);
    expect([...new Set(values)].sort((a, b) => a - b)).toEqual(expected);
  });

  it('is the same in training as on the device', async () => {
    const values = await valuesOf(levels, 'device');
    expect(await valuesOf(levels, 'through')).toEqual(values);
    expect(await valuesOf(levels, 'apart')).toEqual(values);
  });

  it('lets cotangents through, or none', async () => {
    const through = await slopes(levels, 'through');
    const tanh = asFloat32(x).map((v) => 1 - Math.tanh(v) ** 2);
    for (let i = 900; i < 1100; i++) expect(through[i]).toBeCloseTo(tanh[i]!, 3);
    expect((await slopes(levels, 'apart')).every((v) => v === 0)).toBe(true);
  });
});
