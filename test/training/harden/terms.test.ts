/** The terms of an adversary against plain loops. */
import { afterAll, describe, expect, it } from 'vitest';
import { Expressions, type Term } from '../../../src/autodiff/index.ts';
import { createEngine } from '../../../src/engine/index.ts';
import { asFloat32, float32, GraphBuilder, type Tensor } from '../../../src/model/index.ts';
import { squaredDistance } from '../../../src/numeric/index.ts';
import { distanceCorrelation as measured } from '../../../src/privacy/metrics/index.ts';
import { createRandom } from '../../../src/random.ts';
import { foundAgain } from '../../../src/training/harden/comparer.ts';
import { conditionalEntropy, distanceCorrelation } from '../../../src/training/harden/terms.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

async function evaluated(
  feeds: Readonly<Record<string, Tensor>>,
  shape: readonly number[],
  write: (g: Expressions) => Term,
): Promise<number[]> {
  const b = new GraphBuilder(17);
  for (const [name, t] of Object.entries(feeds)) b.input(name, 'float32', t.shape);
  b.op('Identity', [write(new Expressions(b))], {}, 'y');
  b.output('y', 'float32', shape);
  const session = await engine.load(b.build());
  try {
    return [...asFloat32((await session.run(feeds)).y)];
  } finally {
    await session.close();
  }
}

const random = createRandom(3);
const rows = (n: number, size: number, scale = 1) => {
  const data = new Float32Array(n * size);
  random.fillNormal(data, scale);
  return float32(data, [n, size]);
};

describe('conditional entropy', () => {
  const n = 40;
  const shares = float32(
    Float32Array.from({ length: n * 2 }, (_, i) => ((i >> 1) % 2 === i % 2 ? 1 : 0)),
    [n, 2],
  );
  const entropyOf = async (codes: Tensor) =>
    (
      await evaluated({ codes, shares }, [], (g) =>
        conditionalEntropy(g, { term: 'codes', n, size: codes.shape[1]! }, 'shares', 4),
      )
    )[0]!;

  it('is nothing where a code is its answer, and half the log of variance over that of rounding where it tells more', async () => {
    const same = float32(
      Float32Array.from({ length: n * 3 }, (_, i) => (Math.floor(i / 3) % 2 ? 0.75 : -0.25)),
      [n, 3],
    );
    expect(await entropyOf(same)).toBeCloseTo(0, 3);
    const spread = rows(n, 3, 0.4);
    const data = asFloat32(spread);
    let expected = 0;
    for (let j = 0; j < 3; j++) {
      let variance = 0;
      for (const answer of [0, 1]) {
        const own = Array.from({ length: n / 2 }, (_, i) => data[(2 * i + answer) * 3 + j]!);
        const mean = own.reduce((a, v) => a + v, 0) / own.length;
        variance += own.reduce((a, v) => a + (v - mean) ** 2, 0) / n;
      }
      const step = 0.5 ** 2 / 12 + 1e-4;
      expected += (0.5 / 3) * Math.log((variance + step) / step);
    }
    expect(await entropyOf(spread)).toBeCloseTo(expected, 3);
  });
});

describe('distance correlation', () => {
  it('is the square of what the audit measures', async () => {
    const n = 30;
    const a = rows(n, 5);
    const b = float32(
      asFloat32(rows(n, 7)).map((v, i) => v + asFloat32(a)[Math.floor(i / 7) * 5]!),
      [n, 7],
    );
    const [found] = await evaluated({ a, b }, [], (g) =>
      distanceCorrelation(g, { term: 'a', n, size: 5 }, { term: 'b', n, size: 7 }),
    );
    const distances = (t: Tensor) => {
      const [size, data] = [t.shape[1]!, asFloat32(t)];
      const row = (i: number) => data.subarray(i * size, (i + 1) * size);
      return Float64Array.from({ length: n * n }, (_, k) =>
        Math.sqrt(squaredDistance(row(k % n), row(Math.floor(k / n)))),
      );
    };
    expect(found).toBeCloseTo(measured(distances(a), distances(b)).plain ** 2, 3);
  });
});

describe('finding again', () => {
  it('is easy for who scores the own one highest, and log n for who scores all alike', async () => {
    const n = 16;
    const lossOf = async (own: number) => {
      const scores = float32(
        Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? own : 0)),
        [n, n],
      );
      const loss = await evaluated({ scores }, [n], (g) => foundAgain(g, 'scores', n));
      return loss.reduce((a, v) => a + v, 0) / n;
    };
    expect(await lossOf(12)).toBeLessThan(0.01);
    expect(await lossOf(0)).toBeCloseTo(Math.log(n), 4);
  });
});
