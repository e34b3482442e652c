/** A code before anything has been learnt: what its linear half keeps of activations that hang on few numbers. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, float32, sizeOf, type Tensor, toHalves } from '../../../src/model/index.ts';
import { createRandom, type Random } from '../../../src/random.ts';
import { writeDecoder, writeEncoder } from '../../../src/training/harden/coder.ts';
import { hasPatches, patchesOf } from '../../../src/training/harden/patches.ts';
import { fromPrincipal, rounding } from '../../../src/training/harden/principal.ts';
import { rounded } from '../../../src/training/harden/rounding.ts';
import { channelScale } from '../../../src/training/harden/scale.ts';
import { codeShape } from '../../../src/training/harden/shape.ts';
import { Layers } from '../../../src/training/layers.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const picture = { height: 32, width: 32, layout: 'NCHW' } as const;
const size = { width: 8, blocks: 1 };

/** Every row is a sum of so many patterns, by chance. */
function features(random: Random, n: number, activation: readonly number[], patterns: number): Float32Array {
  const area = sizeOf(activation);
  const [basis, shares] = [new Float32Array(patterns * area), new Float32Array(n * patterns)];
  random.fork('basis').fillUniform(basis, -1, 1);
  random.fork('shares').fillUniform(shares, -1, 1);
  return Float32Array.from({ length: n * area }, (_, i) => {
    const row = Math.floor(i / area);
    let sum = 2;
    for (let k = 0; k < patterns; k++) sum += shares[row * patterns + k]! * basis[k * area + (i % area)]!;
    return sum;
  });
}

/** @returns share of the variance that is lost */
async function lost(activation: readonly number[], bits: number, entry: (data: Float32Array, n: number) => Tensor) {
  const n = 200;
  const random = createRandom(3);
  const data = features(random, n, activation, 4);
  const code = codeShape('cut', activation, picture, [bits], 16);
  expect(hasPatches(code)).toBe(true);
  const scale = channelScale(float32(data, [n, ...activation]), code.reading);
  const layers = new Layers(random, 13);
  const x = layers.graph.input('x', 'float32', [n, ...activation]);
  const codes = rounded(layers.graph, writeEncoder(layers, x, code, scale, size), code.levels, 'code');
  layers.graph.op('Identity', [writeDecoder(layers, codes, code, scale, size)], {}, 'back');
  layers.graph.output('back', 'float32', [n, ...activation]);
  const begun = await fromPrincipal(engine, layers.graph.build(), entry(data, n), { code, scale, random });
  const session = await engine.load(begun);
  const back = asFloat32((await session.run({ x: float32(data, [n, ...activation]) })).back!);
  await session.close();
  const mean = data.reduce((a, v) => a + v, 0) / data.length;
  const [wrong, all] = [0, 1].map((k) => data.reduce((a, v, i) => a + (v - (k === 0 ? back[i]! : mean)) ** 2, 0));
  return wrong! / all!;
}

describe('a code begins', () => {
  it.each([
    ['a map', [6, 8, 8], 32],
    ['a map that does not divide', [6, 7, 5], 32],
    ['a map of several cells', [6, 8, 8], 1536],
    ['a map with channels last', [8, 8, 6], 32],
    ['tokens of a map', [16, 12], 32],
    ['tokens in a row', [5, 12], 32],
    ['a list', [90], 32],
  ])('where it keeps all that hangs on few numbers: %s', async (_, activation, bits) => {
    const whole = (data: Float32Array, n: number) => float32(data, [n, ...activation]);
    expect(await lost(activation, bits, whole)).toBeLessThan(0.08);
  });

  it('from halves as from floats, and the less is kept the fewer its bits', async () => {
    const halves = (data: Float32Array, n: number): Tensor => ({
      dtype: 'float16',
      shape: [n, 6, 8, 8],
      data: toHalves(data),
    });
    const few = await lost([6, 8, 8], 8, halves);
    expect(few).toBeGreaterThan(0.2);
    expect(few).toBeLessThan(0.8);
    expect(await lost([6, 8, 8], 32, halves)).toBeLessThan(0.08);
  });

  it('with what speaks now and then among the rest, and not with it alone', async () => {
    const [n, often, rare] = [2000, 60, 10];
    const random = createRandom(5);
    const data = features(random, n, [often + rare], 4);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < rare; k++) data[i * (often + rare) + often + k] = i >= 500 && (i + k) % 400 === 0 ? 5 : 0;
    }
    const code = codeShape('cut', [often + rare], picture, [16], 4);
    const entry = float32(data, [n, often + rare]);
    const scale = channelScale(entry, code.reading);
    const layers = new Layers(random, 13);
    const x = layers.graph.input('x', 'float32', [1, often + rare]);
    const codes = writeEncoder(layers, x, code, scale, size);
    layers.graph.op('Identity', [writeDecoder(layers, codes, code, scale, size)], {}, 'back');
    layers.graph.output('back', 'float32', [1, often + rare]);
    const begun = await fromPrincipal(engine, layers.graph.build(), entry, { code, scale, random });
    const weights = asFloat32(begun.initializers.get('code.encoder.patch.weight')!);
    const share = (row: Float32Array) => {
      const squares = (of: Float32Array) => of.reduce((a, v) => a + v * v, 0);
      return squares(row.subarray(often)) / squares(row);
    };
    for (let k = 0; k < 4; k++) {
      const row = weights.subarray(k * (often + rare), (k + 1) * (often + rare));
      expect(share(row)).toBeLessThan(0.1);
    }
  });

  it('with weights that steps do not overrun, at any number of levels', async () => {
    for (const levels of [2, 4, 8, 16] as const) expect(rounding(levels).stretch).toBeGreaterThan(0.29);
  });

  it('with no linear half where the device would have to carry too much of it', () => {
    expect(hasPatches(codeShape('cut', [256, 64, 64], { ...picture, height: 64, width: 64 }, [64], 4))).toBe(false);
  });

  it('by patches of the whole activation, each value once', () => {
    const activation = [2, 3, 4];
    const code = { ...codeShape('cut', activation, picture, [16], 4) };
    const data = Float32Array.from({ length: 24 }, (_, i) => i + 1);
    const scale = { mean: new Float32Array(2), deviation: new Float32Array(2).fill(4) };
    const patches = patchesOf(float32(data, [1, ...activation]), code, scale);
    expect([...patches].filter((v) => v !== 0).sort((a, b) => a - b)).toEqual([...data].map((v) => v / 4));
  });
});
