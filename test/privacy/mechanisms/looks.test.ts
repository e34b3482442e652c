/** What somebody who knows a mechanism can make of what it sends. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { GraphBuilder } from '../../../src/model/builder.ts';
import { asFloat32, float32 } from '../../../src/model/tensor.ts';
import {
  combined,
  compileMechanism,
  expectedHead,
  type Likelihood,
  likelihoodOf,
  looksOf,
  release,
  seededNoise,
} from '../../../src/privacy/mechanisms/index.ts';
import { createRandom } from '../../../src/random.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const layout = { input: [1, 6, 6], activation: [{ name: 'a', shape: [4, 5] }] };
const likelihood = (spec: string, observations = 1) => likelihoodOf(compileMechanism(spec, layout), observations);

describe('the likelihood of what was seen', () => {
  it.each<[string, number, Likelihood]>([
    ['none', 1, { kind: 'squares', standardDeviation: 0 }],
    ['quant(bits=2)', 16, { kind: 'squares', standardDeviation: 0 }],
    ['gauss(sd=0.5)', 4, { kind: 'squares', standardDeviation: 0.25 }],
    ['gauss(sd=3)+gauss(sd=4)+quant(bits=4)', 1, { kind: 'squares', standardDeviation: 5 }],
    ['laplace(scale=2)', 4, { kind: 'absolute', scale: 1 }],
    ['dropout(rate=0.5)', 2, { kind: 'dropped', rate: 0.25 }],
    ['gauss(sd=1)+dropout(rate=0.5)', 1, { kind: 'dropped', rate: 0.5 }],
    ['dropout(rate=0.5)+gauss(sd=1)', 1, { kind: 'mixed', rate: 0.5, standardDeviation: 1 }],
    ['dropout(rate=0.5)+gauss(sd=1)', 4, { kind: 'squares', standardDeviation: 1, kept: 0.5 }],
    ['input.gauss(sd=1)', 1, { kind: 'squares', standardDeviation: 0 }],
  ])('%s, observed %i times', (spec, observations, expected) => {
    expect(likelihood(spec, observations)).toEqual(expected);
  });

  it('makes of many observations what was there, whatever was left out and added', () => {
    const mechanism = compileMechanism('dropout(rate=0.5)+gauss(sd=1)', layout);
    const there = Float32Array.from({ length: 20 }, (_, i) => i / 4);
    const random = createRandom(5);
    const seen = Array.from({ length: 4000 }, (_, k) =>
      asFloat32(
        release(mechanism, 'activation', { a: float32(there, [1, 4, 5]) }, () => seededNoise(random.fork(k))).a,
      ),
    );
    const one = combined(seen, likelihoodOf(mechanism, seen.length));
    // As the head shows it to a descent: rescaled, and nothing left out.
    for (const [i, v] of one.entries()) expect(Math.abs(v - 2 * there[i]!)).toBeLessThan(0.5);
  });
});

describe('the slack of what rounds', () => {
  it.each([
    'quant(bits=1)',
    'quant(bits=3)',
    'quant(bits=2,per=channel)',
    'topk(share=0.2)',
    'topk(share=1)',
    'clip(l2=2)+quant(bits=2)',
  ])('%s: what was there is never further from what is seen, and somewhere as far as half of it', async (spec) => {
    const mechanism = compileMechanism(spec, layout);
    const before = compileMechanism(spec.split('+').slice(0, -1).join('+') || 'none', layout);
    const look = looksOf({ mechanism, likelihood: likelihoodOf(mechanism, 1) }).find((l) => l.head === 'open');
    if (look?.likelihood.kind !== 'within') throw new Error('no slack');
    const shape = [3, 4, 5];
    const normal = float32(createRandom(7).fillNormal(new Float32Array(60)), shape);
    const there = release(before, 'activation', { a: normal }, seededNoise(createRandom(1))).a!;
    const seen = release(mechanism, 'activation', { a: normal }, seededNoise(createRandom(1))).a!;
    const b = new GraphBuilder(17);
    const term = b.input('seen', 'float32', shape);
    const slack = look.likelihood.slack(b, { term, shape });
    b.op('Add', [slack, b.op('Mul', [term, b.constant(0)])], {}, 'slack');
    b.output('slack', 'float32', shape);
    const session = await engine.load(b.build());
    const { slack: told } = await session.run({ seen });
    await session.close();
    const shares = asFloat32(told).map((s, i) => Math.abs(asFloat32(there)[i]! - asFloat32(seen)[i]!) / (s + 1e-6));
    expect(Math.max(...shares)).toBeLessThan(1.001);
    if (!spec.includes('share=1')) expect(Math.max(...shares)).toBeGreaterThan(0.5);
  });

  it('is nothing to go by where noise hides what was rounded', () => {
    const heads = (spec: string) => {
      const mechanism = compileMechanism(spec, layout);
      return looksOf({ mechanism, likelihood: likelihoodOf(mechanism, 1) }).map((l) => l.head);
    };
    expect(heads('none')).toEqual(['relaxed']);
    expect(heads('clip(l2=1)')).toEqual(['relaxed', 'bare']);
    expect(heads('quant(bits=2)')).toEqual(['relaxed', 'open', 'bare']);
    expect(heads('gauss(sd=1)+quant(bits=2)')).toEqual(['relaxed', 'bare']);
    expect(heads('topk(share=0.1)+quant(bits=2)')).toEqual(['relaxed', 'bare']);
    expect(heads('input.gauss(sd=1)+topk(share=0.1)')).toEqual(['relaxed', 'expected', 'open', 'bare']);
  });
});

describe('the head on the average over noise on the picture', () => {
  it('is what releases are on the average', async () => {
    const mechanism = compileMechanism('input.gauss(sd=2)+dropout(rate=0.5,rescale=no)', layout);
    const head = (n: number) => {
      const b = new GraphBuilder(17);
      b.input('x', 'float32', [n, 1, 6, 6]);
      b.op('Relu', ['x'], {}, 'a');
      b.output('a', 'float32', [n, 1, 6, 6]);
      return b.build('head');
    };
    const draws = 2000;
    const graph = expectedHead(head(2 * draws), mechanism, draws, seededNoise(createRandom(3)));
    expect(graph.inputs.map((v) => [v.name, v.shape])).toEqual([['x', [2, 1, 6, 6]]]);
    const session = await engine.load(graph);
    const pictures = Float32Array.from({ length: 72 }, (_, i) => (i < 36 ? 1 : -1));
    const { a } = await session.run({ x: float32(pictures, [2, 1, 6, 6]) });
    await session.close();
    expect(a!.shape).toEqual([2, 1, 6, 6]);
    // E max(m + 2 z, 0), by hand: m Φ(m/2) + 2 φ(m/2). Dropout is left to the likelihood.
    const mean = (from: number) =>
      asFloat32(a)
        .subarray(from, from + 36)
        .reduce((s, v) => s + v, 0) / 36;
    expect(mean(0)).toBeCloseTo(0.6915 + 2 * 0.3521, 1);
    expect(mean(36)).toBeCloseTo(-0.3085 + 2 * 0.3521, 1);
  });
});
