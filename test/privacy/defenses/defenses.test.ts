import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CutlineError } from '../../../src/errors.ts';
import { float32, int64 } from '../../../src/model/tensor.ts';
import {
  averagedObservations,
  createDeviceDefense,
  cryptographicNoise,
  type Defense,
  isRelative,
  parseDefense,
  resolveDefense,
  seededNoise,
} from '../../../src/privacy/defenses/index.ts';
import { createRandom } from '../../../src/random.ts';
import { distanceFrom, laplaceCdf, normalCdf, rareDistance } from '../../support/distance.ts';

const n = 20_000;
const zeros = float32(new Float32Array(n), [2, n / 2]);
const seeded = (seed = 1) => seededNoise(createRandom(seed));
const values = (t: { data: unknown }) => t.data as Float32Array;

/** Every defense passes these. */
const specs = [
  'none',
  'noise:gaussian:activation:0.5',
  'noise:gaussian:input:2',
  'noise:laplace:input:0.1',
  'noise:laplace:activation:30',
];

describe.each(specs)('defense %s', (spec) => {
  const defense: Defense = parseDefense(spec);

  it('has a canonical spec that parses to itself', () => {
    expect(parseDefense(defense.spec).spec).toBe(defense.spec);
    expect(defense.spec).toBe(spec);
  });

  it('keeps shape and type and leaves its argument alone', () => {
    const before = float32(
      Float32Array.from({ length: 24 }, (_, i) => i),
      [2, 3, 4],
    );
    const after = defense.apply(before, seeded());
    expect(after.dtype).toBe('float32');
    expect(after.shape).toEqual([2, 3, 4]);
    expect(Array.from(values(before))).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });

  it('repeats for a seed', () => {
    expect(defense.apply(zeros, seeded(3)).data).toEqual(defense.apply(zeros, seeded(3)).data);
  });

  it('acts by the law it tells the attacker, from either source', () => {
    for (const source of [seeded(5), cryptographicNoise(seededBytes(6))]) {
      const seen = values(defense.apply(zeros, source));
      const { law } = defense;
      if (law.kind === 'identity') {
        expect(seen).toEqual(zeros.data);
        continue;
      }
      const cdf = law.distribution === 'gaussian' ? normalCdf : laplaceCdf;
      expect(distanceFrom(seen, (x) => cdf(x / law.scale))).toBeLessThan(rareDistance(n));
      const power = seen.reduce((sum, x) => sum + x * x, 0) / n;
      expect(Math.sqrt(power) / law.standardDeviation).toBeGreaterThan(0.95);
      expect(Math.sqrt(power) / law.standardDeviation).toBeLessThan(1.05);
    }
  });

  it('acts on the device where it says, and nowhere else', () => {
    const device = createDeviceDefense(spec, seeded());
    const [a, b] = [float32([1, 2], [2]), float32([3], [1])];
    expect(device.spec).toBe(spec);
    expect(device.applyInput(a) !== a).toBe(defense.where === 'input');
    const sent = device.applyActivation({ a, b });
    expect(Object.keys(sent)).toEqual(['a', 'b']);
    expect(sent.a !== a && sent.b !== b).toBe(defense.where === 'activation');
  });

  it('is averaged away with the square root of the number of observations', () => {
    const mean = values(averagedObservations(defense, zeros, 16, seeded(8)));
    const power = Math.sqrt(mean.reduce((sum, x) => sum + x * x, 0) / n);
    const expected = defense.law.kind === 'additive' ? defense.law.standardDeviation / 4 : 0;
    expect(Math.abs(power - expected)).toBeLessThanOrEqual(0.05 * expected);
  });
});

describe('cryptographic noise', () => {
  it('is different every time and never infinite', () => {
    const draw = () => {
      const out = new Float32Array(1001);
      cryptographicNoise().gaussian(out, 1);
      return out;
    };
    const [first, second] = [draw(), draw()];
    expect(first).not.toEqual(second);
    expect(first.every(Number.isFinite)).toBe(true);
  });

  it('stays finite on the worst bytes the generator can give', () => {
    for (const byte of [0, 255]) {
      const source = cryptographicNoise((pool) => void pool.fill(byte));
      const out = new Float32Array(3);
      source.gaussian(out, 1);
      expect(out.every(Number.isFinite)).toBe(true);
      source.laplace(out, 1);
      expect(out.every(Number.isFinite)).toBe(true);
    }
  });

  it('reads fresh bytes when the pool is used up', () => {
    let fills = 0;
    const bytes = seededBytes(1);
    const source = cryptographicNoise((pool) => {
      fills++;
      bytes(pool);
    });
    const out = new Float32Array(3 * 8192);
    source.gaussian(out, 1);
    expect(fills).toBe(3);
    expect(out.subarray(0, 8192)).not.toEqual(out.subarray(8192, 16384));
  });
});

describe('specs', () => {
  it.each([
    ['', /no defense/],
    ['noise', /gaussian or laplace/],
    ['noise:cauchy:input:1', /gaussian or laplace/],
    ['noise:gaussian:output:1', /input or the activation/],
    ['noise:gaussian:input', /number above 0/],
    ['noise:gaussian:input:0', /between/],
    ['noise:gaussian:input:-1', /number above 0/],
    ['noise:gaussian:input:NaN', /number above 0/],
    ['noise:gaussian:input:1e99', /between/],
    ['noise:gaussian:input:1:2', /after the scale/],
    ['noise:gaussian:input:0.5x', /needs pictures/],
  ])('refuses %j', (spec, problem) => {
    expect(() => parseDefense(spec)).toThrow(problem);
  });

  it('throws one coded error on anything it does not know', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((s) => `noise:gaussian:input:${s}`),
        ),
        (spec) => {
          try {
            const { spec: canonical } = parseDefense(spec);
            expect(parseDefense(canonical).spec).toBe(canonical);
          } catch (error) {
            expect(error).toBeInstanceOf(CutlineError);
            expect((error as CutlineError).code).toBe('DEFENSE_SPEC');
          }
        },
      ),
    );
  });

  it('gives equal defenses equal specs', () => {
    expect(parseDefense('noise:laplace:input:0.50').spec).toBe(parseDefense('noise:laplace:input:5e-1').spec);
  });

  it('turns a relative scale into an absolute one', () => {
    expect(isRelative('noise:gaussian:activation:0.5x')).toBe(true);
    expect(isRelative('noise:gaussian:activation:0.5')).toBe(false);
    expect(resolveDefense('noise:gaussian:activation:0.5x', 2.46913578).spec).toBe('noise:gaussian:activation:1.235');
    expect(resolveDefense('none', 3).spec).toBe('none');
    expect(() => resolveDefense('noise:gaussian:activation:0.5x', 0)).toThrow(/between/);
  });

  it('refuses a tensor that is not float32', () => {
    expect(() => parseDefense('noise:gaussian:input:1').apply(int64([1]), seeded())).toThrow(/float32/);
  });
});

/** Bytes that repeat, so that a statistical test of the cryptographic transforms cannot fail by bad luck. */
function seededBytes(seed: number): (pool: Uint8Array) => void {
  const random = createRandom(seed);
  return (pool) => {
    for (let i = 0; i < pool.length; i++) pool[i] = random.int(256);
  };
}
