/** Bases: what z means, and that learned statistics are those of the pictures. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, float32, type Graph, GraphBuilder, inferShapes } from '../../../src/model/index.ts';
import { eigenvectors } from '../../../src/privacy/attacks/prior/eigenvectors.ts';
import {
  type Basis,
  basisNames,
  basisRows,
  inBasis,
  learned,
  natural,
  pixels,
} from '../../../src/privacy/attacks/prior/index.ts';
import { createRandom } from '../../../src/random.ts';
import { randomTensor } from '../../support/networks.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const size = { channels: 3, height: 6, width: 5, layout: 'NCHW' } as const;
const pixelCount = 30;

async function identity(shape: readonly number[]): Promise<Graph> {
  const b = new GraphBuilder(17);
  b.input('x', 'float32', shape);
  b.output(b.op('Identity', ['x'], {}, 'seen'), 'float32', shape);
  return inferShapes(b.build('identity'), engine);
}

async function pictures(z: Float32Array, bases: readonly Basis[], layout: 'NCHW' | 'NHWC' = 'NCHW', of = size) {
  const n = bases.length;
  const shape = layout === 'NCHW' ? [n, of.channels, of.height, of.width] : [n, of.height, of.width, of.channels];
  const session = await engine.load(inBasis(await identity(shape), bases[0]!.structure, layout));
  try {
    const feeds = { [basisNames.z]: float32(z, [n, of.channels, of.height, of.width]), ...basisRows(bases, of) };
    return asFloat32((await session.run(feeds)).seen);
  } finally {
    await session.close();
  }
}

const norm = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));

describe('a basis', () => {
  it('of pixels turns z without stretching it', async () => {
    const z = asFloat32(randomTensor([2, 3, 6, 5], createRandom(1)));
    const x = await pictures(z, [pixels(size), pixels(size)]);
    for (const i of [0, 1]) {
      const part = (t: Float32Array) => t.subarray(i * 90, (i + 1) * 90);
      expect(norm(part(x))).toBeCloseTo(norm(part(z)), 3);
    }
  });

  it('of nature puts the first wave everywhere alike, in grey', async () => {
    const z = new Float32Array(90);
    z[0] = 1;
    const x = await pictures(z, [natural(size)]);
    for (const v of x) expect(v).toBeCloseTo(x[0]!, 5);
    expect(Math.abs(x[0]!)).toBeGreaterThan(0.1);
  });

  it('of nature makes coarse waves strong, fine ones weak, and colours weaker than brightness', () => {
    const { scales } = natural(size);
    expect(scales![0]).toBeGreaterThan(3 * scales![pixelCount - 1]!);
    expect(scales![pixelCount]).toBeLessThan(0.3 * scales![0]!);
  });

  it('gives every picture its own, in one batch', async () => {
    const z = new Float32Array(180).fill(0);
    z[7] = 1;
    z[97] = 1;
    const centred = { ...pixels(size), centre: new Float32Array(90).fill(2) };
    const both = await pictures(z, [natural(size), centred]);
    expect([...both.subarray(0, 90)]).toEqual([...(await pictures(z.slice(0, 90), [natural(size)]))]);
    const alone = await pictures(z.slice(90), [centred]);
    for (const [k, v] of alone.entries()) expect(both[90 + k]).toBeCloseTo(v, 6);
    expect(alone.reduce((a, b) => a + b, 0) / 90).toBeCloseTo(2, 5);
  });

  it('knows where the channels are', async () => {
    const z = asFloat32(randomTensor([1, 3, 6, 5], createRandom(2)));
    const first = await pictures(z, [natural(size)]);
    const last = await pictures(z, [natural(size)], 'NHWC');
    for (let c = 0; c < 3; c++) {
      for (let p = 0; p < pixelCount; p++) expect(last[p * 3 + c]).toBeCloseTo(first[c * pixelCount + p]!, 6);
    }
  });
});

describe('a learned basis', () => {
  /** Pixels that vary together in pairs, around a mean of their own. */
  function sample(n: number, height: number, width: number): Float32Array {
    const random = createRandom(5);
    const plane = height * width;
    const out = new Float32Array(n * 3 * plane);
    for (let i = 0; i < n; i++) {
      for (let p = 0; p < plane; p++) {
        if (p % 2 === 0) out[i * 3 * plane + p] = random.normal() * (p < plane / 2 ? 2 : 0.5);
        else out[i * 3 * plane + p] = out[i * 3 * plane + p - 1]! + 0.1 * random.normal();
        out[(i * 3 + 1) * plane + p] = 0.3 * out[i * 3 * plane + p]!;
        out[(i * 3 + 2) * plane + p] = 1 + 0.2 * random.normal();
      }
    }
    return out;
  }

  it('turns white noise into pictures of the same mean and covariance', async () => {
    const seen = sample(2000, 6, 5);
    const basis = await learned(float32(seen, [2000, 3, 6, 5]), size, engine);
    const n = 1000;
    const z = createRandom(6).fillNormal(new Float32Array(n * 90));
    const x = await pictures(
      z,
      Array.from({ length: n }, () => basis),
    );
    const moment = (data: Float32Array, a: number, b: number) => {
      const count = data.length / 90;
      let [ma, mb, ab] = [0, 0, 0];
      for (let i = 0; i < count; i++) {
        const [va, vb] = [data[i * 90 + a]!, data[i * 90 + b]!];
        [ma, mb, ab] = [ma + va / count, mb + vb / count, ab + (va * vb) / count];
      }
      return { mean: ma, covariance: ab - ma * mb };
    };
    for (const [a, b] of [
      [0, 0],
      [0, 1],
      [0, 2],
      [20, 21],
      [0, 31],
      [70, 70],
    ] as const) {
      const [own, theirs] = [moment(x, a, b), moment(seen, a, b)];
      expect(Math.abs(own.mean - theirs.mean)).toBeLessThan(0.25);
      expect(Math.abs(own.covariance - theirs.covariance)).toBeLessThan(0.1 * Math.abs(theirs.covariance) + 0.15);
    }
  });

  it('keeps to waves where there are too many pixels, and never takes a wave for impossible', async () => {
    const side = 40;
    const flat = new Float32Array(20 * 3 * side * side);
    for (let i = 0; i < flat.length; i++) flat[i] = Math.floor(i / (3 * side * side)) / 10;
    const basis = await learned(float32(flat, [20, 3, side, side]), { ...size, height: side, width: side }, engine);
    expect(basis.structure.kind).toBe('spectrum');
    const brightest = Math.max(...basis.scales!);
    const index = basis.scales!.indexOf(brightest);
    expect(index % (side * side)).toBe(0);
    for (const s of basis.scales!.subarray(index, index + side * side)) expect(s).toBeGreaterThan(0);
  });

  it('survives pictures that are all the same', async () => {
    const basis = await learned(float32(new Float32Array(10 * 90).fill(0.5), [10, 3, 6, 5]), size, engine);
    const { structure } = basis;
    expect(structure.kind).toBe('covariance');
    if (structure.kind === 'covariance') expect(asFloat32(structure.factors).every(Number.isFinite)).toBe(true);
  });
});

describe('symmetric matrices', () => {
  const a = [4, 2, 0.6, 2, 3, 0.4, 0.6, 0.4, 2];

  it('only stretch their eigenvectors, which stand upright on each other', () => {
    const v = eigenvectors(Float64Array.from(a), 3);
    const column = (k: number) => [0, 1, 2].map((i) => v[i * 3 + k]!);
    for (let k = 0; k < 3; k++) {
      const x = column(k);
      const ax = [0, 1, 2].map((i) => x.reduce((sum, xj, j) => sum + a[i * 3 + j]! * xj, 0));
      const value = x.reduce((sum, xi, i) => sum + xi * ax[i]!, 0);
      for (let i = 0; i < 3; i++) expect(ax[i]).toBeCloseTo(value * x[i]!, 5);
      for (let l = 0; l < 3; l++) {
        expect(column(l).reduce((sum, y, i) => sum + y * x[i]!, 0)).toBeCloseTo(l === k ? 1 : 0, 5);
      }
    }
  });
});
