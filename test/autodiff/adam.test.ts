/** The Adam step graph against Adam written with loops, with AMSGrad and without (Reddi et al. 2018, in PyTorch's arrangement). */
import { describe, expect, it } from 'vitest';
import { type AdamOptions, adamStep, Expressions, learningRateInput } from '../../src/autodiff/index.ts';
import { createEngine } from '../../src/engine/index.ts';
import { GraphBuilder } from '../../src/model/builder.ts';
import { float32, scalar, type Tensor, type Tensors } from '../../src/model/tensor.ts';
import { difference, numbers } from '../support/compare.ts';
import { runReference } from '../support/reference/index.ts';
import { float64, noise } from './check.ts';

/** β, 1 − β and ε are float32 in the graph: √(1 − β₂) of float32(0.999) is already 2.3e-5 away. */
const tolerance = 1e-4;

/** One parameter vector whose gradient is p³ − target: nonlinear, so that errors in the moments show. */
function stepGraph(count: number, options: AdamOptions, pace?: number) {
  const b = new GraphBuilder(17);
  const g = new Expressions(b);
  const p = b.input('p', 'float32', [count]);
  const target = b.input('target', 'float32', [count]);
  const gradient = g.sub(g.mul(g.square(p), p), target);
  const { carry, initial } = adamStep(g, [{ name: p, gradient, shape: [count], pace }], options);
  return { graph: b.build(), carry, initial, next: Object.entries(carry).find(([, input]) => input === p)![0] };
}

function obvious(
  start: readonly number[],
  target: readonly number[],
  steps: number,
  rate: number,
  o: Required<Omit<AdamOptions, 'learningRate'>>,
) {
  let p = [...start];
  const m = p.map(() => 0);
  const v = p.map(() => 0);
  const most = p.map(() => 0);
  for (let t = 1; t <= steps; t++) {
    p = p.map((x, i) => {
      const gradient = x ** 3 - target[i]!;
      m[i] = o.beta1 * m[i]! + (1 - o.beta1) * gradient;
      v[i] = o.beta2 * v[i]! + (1 - o.beta2) * gradient ** 2;
      most[i] = Math.max(most[i]!, v[i]!);
      const denominator = Math.sqrt(o.amsgrad ? most[i]! : v[i]!) / Math.sqrt(1 - o.beta2 ** t) + o.epsilon;
      return x - ((rate / (1 - o.beta1 ** t)) * m[i]!) / denominator;
    });
  }
  return p;
}

const random = noise(5);
const start = Array.from({ length: 7 }, random);
const target = Array.from({ length: 7 }, random);
const settings: readonly Required<Omit<AdamOptions, 'learningRate'>>[] = [
  { beta1: 0.9, beta2: 0.999, epsilon: 1e-3, amsgrad: true },
  { beta1: 0.5, beta2: 0.9, epsilon: 1e-8, amsgrad: true },
  { beta1: 0.5, beta2: 0.9, epsilon: 1e-8, amsgrad: false },
];

describe('the Adam step graph', () => {
  it.each(settings)('follows Adam, β₁ $beta1, β₂ $beta2, ε $epsilon, AMSGrad $amsgrad', (options) => {
    const { graph, carry, initial, next } = stepGraph(7, options);
    let feeds: Record<string, Tensor> = {
      ...initial,
      p: float64(start, [7]),
      target: float64(target, [7]),
      [learningRateInput]: float64([0.05], []),
    };
    for (let t = 1; t <= 20; t++) {
      const results: Tensors = runReference(graph, feeds);
      expect(difference(numbers(results[next]!), obvious(start, target, t, 0.05, options))).toBeLessThan(tolerance);
      feeds = { ...feeds, ...Object.fromEntries(Object.entries(carry).map(([o, i]) => [i, results[o]!])) };
    }
  });

  it('moves a weight of another pace by so much more', () => {
    const { graph, initial, next } = stepGraph(7, settings[0]!, 3);
    const feeds = { p: float64(start, [7]), target: float64(target, [7]), [learningRateInput]: float64([0.05], []) };
    const results = runReference(graph, { ...initial, ...feeds });
    expect(difference(numbers(results[next]!), obvious(start, target, 1, 0.15, settings[0]!))).toBeLessThan(1e-5);
  });

  it('uses ε = 1e-3 unless told otherwise', () => {
    const { graph, initial, next } = stepGraph(7, {});
    const feeds = { p: float64(start, [7]), target: float64(target, [7]), [learningRateInput]: float64([0.05], []) };
    const results = runReference(graph, { ...initial, ...feeds });
    expect(difference(numbers(results[next]!), obvious(start, target, 1, 0.05, settings[0]!))).toBeLessThan(1e-5);
  });

  it('follows it for 300 steps looped inside the engine', async () => {
    const engine = await createEngine({ threads: 1 });
    try {
      const { graph, carry, initial, next } = stepGraph(7, settings[0]!);
      const session = await engine.load(graph);
      const feeds = {
        ...initial,
        p: float32(start, [7]),
        target: float32(target, [7]),
        [learningRateInput]: scalar(0.01),
      };
      const results = await session.loop(feeds, { steps: 300, carry, outputs: [next] });
      expect(difference(numbers(results[next]!), obvious(start, target, 300, 0.01, settings[0]!))).toBeLessThan(1e-3);
    } finally {
      await engine.close();
    }
  });
});
