/** What every stage must do: released alike in a batch and alone, the same as a graph, by the law that it tells. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { CutlineError } from '../../../src/errors.ts';
import { GraphBuilder } from '../../../src/model/builder.ts';
import { asFloat32, float32, int64, type Tensors } from '../../../src/model/tensor.ts';
import {
  compileMechanism,
  defendedHead,
  type Layout,
  type Mechanism,
  type NoiseSource,
  release,
  seededNoise,
} from '../../../src/privacy/mechanisms/index.ts';
import { stageKinds } from '../../../src/privacy/mechanisms/stages/index.ts';
import { createRandom } from '../../../src/random.ts';
import { distanceFrom, laplaceCdf, normalCdf, rareDistance } from '../../support/distance.ts';
import { examples } from './stages.ts';

const picture = [3, 7, 5];
const layout: Layout = {
  input: picture,
  activation: [
    { name: 'a', shape: [4, 3, 3] },
    { name: 'b', shape: [6] },
  ],
};
const n = 3;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

it('has examples of every stage', () => {
  expect(Object.keys(examples).sort()).toEqual(stageKinds.map((k) => k.name).sort());
});

const all = Object.values(examples).flat();

describe.each(all)('%s', (spec) => {
  const mechanism = compileMechanism(spec, layout);
  const place = mechanism.stages[0]!.place;
  const tensors = place === 'input' ? { x: uniform([n, ...picture], 1) } : activations(n, 1);

  it('is canonical', () => {
    expect(mechanism.spec).toBe(spec);
    expect(compileMechanism(mechanism.spec, layout).spec).toBe(mechanism.spec);
  });

  it('keeps names, types and shapes, and leaves its argument alone', () => {
    const before = structuredClone(tensors);
    const after = release(mechanism, place, tensors, source(1));
    expect(tensors).toEqual(before);
    expect(Object.keys(after)).toEqual(Object.keys(tensors));
    for (const [name, t] of Object.entries(after)) {
      expect([t.dtype, t.shape]).toEqual(['float32', tensors[name as keyof typeof tensors]!.shape]);
      expect(asFloat32(t).every(Number.isFinite)).toBe(true);
    }
  });

  it('treats a picture in a batch as it treats it alone', () => {
    const together = release(mechanism, place, tensors, (row) => source(row));
    for (let i = 0; i < n; i++) {
      const alone = release(mechanism, place, rowOf(tensors, i), () => source(i));
      expect(rowOf(together, i)).toEqual(alone);
    }
  });

  it('is the same as a graph, given the same draws', async (ctx) => {
    if (spec.includes('eps='))
      return ctx.skip('exact noise is whole steps of a grid, drawn otherwise; the law is tested below');
    const names = Object.entries(tensors);
    const b = new GraphBuilder(17);
    if (place === 'input') b.input('x', 'float32', [n, ...picture]);
    for (const [name, t] of place === 'input' ? [] : names) b.input(name, 'float32', t.shape as number[]);
    const outputs = names.map(([name, t]) => ({ name: `${name}:out`, of: name, shape: t.shape as number[] }));
    for (const { name, of, shape } of outputs) {
      b.op('Identity', [of], {}, name);
      b.output(name, 'float32', shape);
    }
    const { graph, draws } = defendedHead(b.build(), mechanism, { noise: true });
    const random = createRandom(9);
    const fed = draws.map(({ name, draw, shape }) => {
      const values = new Float32Array(shape.reduce((a, d) => a * d, 1));
      seededNoise(random.fork(name))[draw](values, 1);
      return [name, float32(values, shape)] as const;
    });
    const session = await engine.load(graph, { optimization: 'disabled' });
    const found = await session.run({ ...tensors, ...Object.fromEntries(fed) });
    await session.close();
    const replay = replaying(
      fed.map(([, t]) => asFloat32(t)),
      n,
    );
    const wanted = release(mechanism, place, tensors, replay);
    for (const { name, of } of outputs) {
      const [a, e] = [asFloat32(found[name]), asFloat32(wanted[of as keyof typeof wanted])];
      const worst = a.reduce((w, v, i) => Math.max(w, Math.abs(v - e[i]!) / Math.max(1, Math.abs(e[i]!))), 0);
      expect(worst).toBeLessThan(2e-5);
    }
  });

  it('tells whether it leaves anything out when it is relaxed', () => {
    const b = new GraphBuilder(17);
    for (const [name, t] of Object.entries(tensors)) {
      b.input(name, 'float32', t.shape as number[]);
      b.op('Identity', [name], {}, `${name}:out`);
      b.output(`${name}:out`, 'float32', t.shape as number[]);
    }
    const head = b.build();
    const [whole, relaxed] = [false, true].map((relaxed) => defendedHead(head, mechanism, { relaxed }).graph);
    const differs = JSON.stringify(whole!.nodes) !== JSON.stringify(relaxed!.nodes);
    expect(differs).toBe(mechanism.stages.some(({ stage }) => stage.relaxes));
  });

  it('acts by the laws it tells', () => {
    const last = mechanism.stages.at(-1)!.stage;
    const many = 4000;
    const zeros =
      place === 'input' ? { x: float32(new Float32Array(many * 105), [many, ...picture]) } : constant(many, 0);
    if (last.law.kind === 'deterministic') {
      expect(release(mechanism, place, tensors, source(1))).toEqual(release(mechanism, place, tensors, source(2)));
    } else if (last.law.kind === 'additive') {
      const { distribution, scale } = last.law;
      const seen = Float32Array.from(
        Object.values(release(mechanism, place, zeros, source(4))).flatMap((t) => [...asFloat32(t)]),
      );
      const cdf = distribution === 'gaussian' ? normalCdf : laplaceCdf;
      expect(distanceFrom(seen, (x) => cdf(x / scale))).toBeLessThan(rareDistance(seen.length));
    } else {
      const ones =
        place === 'input'
          ? { x: float32(new Float32Array(many * 105).fill(1), [many, ...picture]) }
          : constant(many, 1);
      const seen = Object.values(release(mechanism, place, ones, source(5))).flatMap((t) => [...asFloat32(t)]);
      const { rate, gain } = last.law;
      const kept = seen.filter((v) => v !== 0);
      expect(kept.every((v) => Math.abs(v - gain) < 1e-5)).toBe(true);
      expect(Math.abs(1 - kept.length / seen.length - rate)).toBeLessThan(
        5 * Math.sqrt((rate * (1 - rate)) / seen.length),
      );
    }
  });

  it('stays within the bound it tells the stages after it', () => {
    const { stage } = mechanism.stages[0]!;
    const elements = place === 'input' ? 105 : 42;
    const shapes = place === 'input' ? [picture] : layout.activation.map((t) => t.shape);
    const before = { elements, shapes, kept: shapes.map((shape) => shape.reduce((a, d) => a * d, 1)) };
    if (stage.law.kind === 'additive') return expect(stage.bound({ bound: { l2: 1 }, ...before })).toBeUndefined();
    const large = Object.fromEntries(
      Object.entries(tensors).map(([name, t]) => [
        name,
        float32(
          asFloat32(t).map((v) => v * 40),
          t.shape,
        ),
      ]),
    );
    const linf = Math.max(...Object.values(large).flatMap((t) => [...asFloat32(t)].map(Math.abs)));
    const l2 = Math.max(...Array.from({ length: n }, (_, i) => lengthOf(rowOf(large, i))));
    const only: Mechanism = { ...mechanism, stages: mechanism.stages.slice(0, 1) };
    const after = release(only, place, large, source(6));
    const bound = stage.bound({ bound: { linf, l2 }, ...before });
    for (let i = 0; i < n; i++) {
      const row = rowOf(after, i);
      if (bound?.l2 !== undefined) expect(lengthOf(row)).toBeLessThanOrEqual(bound.l2 * (1 + 1e-5));
      const greatest = Math.max(...Object.values(row).flatMap((t) => [...asFloat32(t)].map(Math.abs)));
      if (bound?.linf !== undefined) expect(greatest).toBeLessThanOrEqual(bound.linf * (1 + 1e-5));
    }
  });
});

it('refuses a tensor that is not float32', () => {
  expect(() => release(compileMechanism('gauss(sd=1)'), 'activation', { a: int64([1]) }, source(1))).toThrow(
    CutlineError,
  );
});

const source = (seed: number): NoiseSource => seededNoise(createRandom(seed));

function uniform(shape: readonly number[], seed: number) {
  const size = shape.reduce((a, d) => a * d, 1);
  return float32(createRandom(seed).fillUniform(new Float32Array(size), -1, 1), shape);
}

function activations(count: number, seed: number): Tensors {
  return { a: uniform([count, 4, 3, 3], seed), b: uniform([count, 6], seed + 1) };
}

function constant(count: number, value: number): Tensors {
  const filled = (shape: number[]) => float32(new Float32Array(shape.reduce((a, d) => a * d, 1)).fill(value), shape);
  return { a: filled([count, 4, 3, 3]), b: filled([count, 6]) };
}

function rowOf(tensors: Tensors, i: number): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => {
      const size = t.data.length / t.shape[0]!;
      return [name, float32(asFloat32(t).slice(i * size, (i + 1) * size), [1, ...t.shape.slice(1)])];
    }),
  );
}

const lengthOf = (row: Tensors): number =>
  Math.sqrt(Object.values(row).reduce((sum, t) => sum + asFloat32(t).reduce((a, v) => a + v * v, 0), 0));

/** A source that hands out what the graph was fed, in the order in which the stages draw: by row, then by tensor. */
function replaying(fed: readonly Float32Array[], count: number): (row: number) => NoiseSource {
  return (row) => {
    let at = 0;
    const next = (out: Float32Array, scale: number) => {
      const values = fed[at++]!;
      const size = values.length / count;
      for (let i = 0; i < out.length; i++) out[i] = scale * values[row * size + i]!;
    };
    return { gaussian: next, laplace: next, uniform: (out) => next(out, 1), words: () => {} };
  };
}
