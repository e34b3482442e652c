/** Normalisations. Running statistics of batch normalisation are constants of the network. */
import { attrFloat, attrInt, attrInts, type Node } from '../../model/graph.ts';
import { zerosFor } from '../../model/memory.ts';
import { float32, sizeOf } from '../../model/tensor.ts';
import type { Expressions, Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { smallestNormal } from '../signs.ts';
import { orOne, settled } from './settled.ts';

/** y = γ (x − μ)/√(σ² + ε) + β, one value a channel. In training mode μ and σ² are those of the batch. */
const batchNormalization = rule('BatchNormalization', (c) => {
  const { g, node, x, dy } = c;
  const shape = c.shape(x[0]!);
  const perChannel = [shape[1]!, ...shape.slice(2).map(() => 1)];
  const others = shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  const channel = (term: Term) => g.reshape(term, perChannel);
  if (attrInt(node, 'training_mode', 0) === 1) {
    const parts = () => normalized(c, x[0]!, shape, others, g.mul(dy, channel(x[1]!)));
    return [
      () => settled(c, parts().dx()),
      () => g.sum(settled(c, g.mul(dy, parts().xHat)), others),
      () => g.sum(dy, others),
    ];
  }
  const s = () => g.sqrt(g.add(x[4]!, epsilonOf(c)));
  const xHat = () => g.div(g.sub(x[0]!, channel(x[3]!)), channel(s()));
  return [
    () => settled(c, g.mul(dy, channel(g.div(x[1]!, s())))),
    () => g.sum(settled(c, g.mul(dy, xHat())), others),
    () => g.sum(dy, others),
  ];
});

const epsilonOf = (c: RuleContext): number => attrFloat(c.node, 'epsilon', 1e-5);

/** √(σ² + ε). Without ε it is 0 where all values are equal, and all that is divided by it too: then 1. */
function deviation(g: Expressions, variance: Term, epsilon: number): Term {
  const s = g.sqrt(g.add(variance, epsilon));
  return epsilon < smallestNormal ? orOne(g, s) : s;
}

/** With x̂ = (x − mean)/s over the axes and d = dy·γ: dx = (d − mean d − x̂ · mean(d x̂)) / s. */
function normalized(
  c: RuleContext,
  x: Term,
  shape: readonly number[],
  axes: readonly number[],
  d: Term,
  epsilon = epsilonOf(c),
): { readonly xHat: Term; readonly dx: () => Term } {
  const { g } = c;
  const count = axes.reduce((n, a) => n * shape[a]!, 1);
  const mean = (term: Term) => g.mul(g.sum(term, axes, true), 1 / count);
  const centred = g.sub(x, mean(x));
  const s = deviation(g, mean(g.square(centred)), epsilon);
  const xHat = g.div(centred, s);
  return { xHat, dx: () => g.div(g.sub(g.sub(d, mean(d)), g.mul(xHat, mean(g.mul(d, xHat)))), s) };
}

const instanceNormalization = rule('InstanceNormalization', (c) => {
  const { g, x, dy } = c;
  const shape = c.shape(x[0]!);
  const spatial = shape.map((_, i) => i).slice(2);
  const scale = g.reshape(x[1]!, [shape[1]!, ...spatial.map(() => 1)]);
  const parts = () => normalized(c, x[0]!, shape, spatial, g.mul(dy, scale));
  const others = [0, ...spatial];
  return [
    () => settled(c, parts().dx()),
    () => g.sum(settled(c, g.mul(dy, parts().xHat)), others),
    () => g.sum(dy, others),
  ];
});

/** Axis `axis` and all that follow. */
function axesFrom(c: RuleContext, fallback: number): number[] {
  const all = c.shape(c.x[0]!).map((_, i) => i);
  return all.slice(attrInt(c.node, 'axis', fallback));
}

const layerNormalization = rule('LayerNormalization', (c) => {
  const { g, x, dy } = c;
  const shape = c.shape(x[0]!);
  const axes = axesFrom(c, -1);
  const parts = () => normalized(c, x[0]!, shape, axes, g.mul(dy, x[1]!));
  return [
    () => settled(c, parts().dx()),
    () => g.unbroadcast(settled(c, g.mul(dy, parts().xHat)), shape, c.shape(x[1]!)),
    () => g.unbroadcast(dy, shape, c.shape(x[2]!)),
  ];
});

/** x̂ = x/s with s = √(mean x² + ε): dx = (d − x̂ · mean(d x̂)) / s. */
const rmsNormalization = rule('RMSNormalization', (c) => {
  const { g, x, dy } = c;
  const shape = c.shape(x[0]!);
  const axes = axesFrom(c, -1);
  const mean = (term: Term) => g.mul(g.sum(term, axes, true), 1 / axes.reduce((n, a) => n * shape[a]!, 1));
  const length = () => deviation(g, mean(g.square(x[0]!)), epsilonOf(c));
  return [
    () => {
      const [d, s] = [g.mul(dy, x[1]!), length()];
      const xHat = g.div(x[0]!, s);
      return settled(c, g.div(g.sub(d, g.mul(xHat, mean(g.mul(d, xHat)))), s));
    },
    () => g.unbroadcast(settled(c, g.mul(dy, g.div(x[0]!, length()))), shape, c.shape(x[1]!)),
  ];
});

/** Channels in groups; γ and β one a group (opset 18) or one a channel (21). */
const groupNormalization = rule('GroupNormalization', (c) => {
  const { g, node, x, dy } = c;
  const shape = c.shape(x[0]!);
  const [n, channels, ...spatial] = shape as [number, number, ...number[]];
  const groups = attrInt(node, 'num_groups', 1);
  const grouped = [n, groups, channels / groups, sizeOf(spatial)];
  const own = c.shape(x[1]!)[0] === channels ? [groups, channels / groups, 1] : [groups, 1, 1];
  const parts = () => {
    const d = g.mul(g.reshape(dy, grouped), g.reshape(x[1]!, own));
    return normalized(c, g.reshape(x[0]!, grouped), grouped, [2, 3], d);
  };
  const toParameter = (term: Term) => g.reshape(g.unbroadcast(term, grouped, own), c.shape(x[1]!));
  return [
    () => settled(c, g.reshape(parts().dx(), shape)),
    () => toParameter(g.reshape(settled(c, g.reshape(g.mul(g.reshape(dy, grouped), parts().xHat), shape)), grouped)),
    () => toParameter(g.reshape(dy, grouped)),
  ];
});

/** y = (x − mean)/deviation over the axes, without ε. */
const meanVarianceNormalization = rule('MeanVarianceNormalization', (c) => {
  const shape = c.shape(c.x[0]!);
  const axes = (attrInts(c.node, 'axes') ?? [0, 2, 3]).map((a) => (a < 0 ? a + shape.length : a));
  return [() => settled(c, normalized(c, c.x[0]!, shape, axes, c.dy, 0).dx())];
});

/** y = x/‖x‖: dx = (dy − ∂‖x‖ · Σ dy·y) / ‖x‖, where ∂‖x‖ is y for the 2-norm and sign x for the 1-norm; 0 where ‖x‖ is. */
const lpNormalization = rule('LpNormalization', (c) => [
  () => {
    const { g, node, x, y, dy } = c;
    const raw = attrInt(node, 'axis', -1);
    const axis = raw < 0 ? raw + c.shape(x[0]!).length : raw;
    const sum = (term: Term) => g.sum(term, [axis], true);
    const first = attrInt(node, 'p', 2) === 1;
    const length = first ? sum(g.graph.op('Abs', [x[0]!])) : g.sqrt(sum(g.square(x[0]!)));
    const slope = first ? g.sign(x[0]!) : y[0]!;
    const gradient = g.div(g.sub(dy, g.mul(slope, sum(g.mul(dy, y[0]!)))), orOne(g, length));
    return settled(c, g.where(g.greater(length, 0), gradient, 0));
  },
]);

/**
 * y = x·s^(−β) with s = k + α/n · W x², where the banded matrix W sums over neighbouring channels:
 * dx = dy·s^(−β) − 2αβ/n · x·Wᵀ(dy·y/s).
 */
const localResponse = rule('LRN', (c) => [
  () => {
    const { g, node, x, y, dy } = c;
    const shape = c.shape(x[0]!);
    const [n, channels] = shape as [number, number];
    const size = attrInt(node, 'size', 1);
    const beta = attrFloat(node, 'beta', 0.75);
    const share = attrFloat(node, 'alpha', 1e-4) / size;
    const rows = (term: Term) => g.reshape(term, [n, channels, sizeOf(shape.slice(2))]);
    const back = (term: Term) => g.reshape(term, shape);
    const window = band(node, channels, Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2));
    const neighbours = g.tensor(float32(window, [channels, channels]));
    const squares = back(g.matmul(neighbours, rows(g.square(x[0]!))));
    const s = g.add(g.mul(squares, share), attrFloat(node, 'bias', 1));
    const transposed = g.transpose(neighbours, [1, 0]);
    const inhibition = back(g.matmul(transposed, rows(settled(c, g.div(g.mul(dy, y[0]!), s)))));
    return settled(c, g.sub(g.mul(dy, g.pow(s, -beta)), g.mul(g.mul(x[0]!, inhibition), 2 * share * beta)));
  },
]);

/** Ones from `below` left of the diagonal to `above` right of it. */
function band(node: Node, n: number, below: number, above: number): Float32Array {
  const data = zerosFor(node, n * n);
  for (let i = 0; i < n; i++) {
    for (let j = Math.max(0, i - below); j <= Math.min(n - 1, i + above); j++) data[i * n + j] = 1;
  }
  return data;
}

export const normalizationRules: readonly Rule[] = [
  batchNormalization,
  instanceNormalization,
  layerNormalization,
  rmsNormalization,
  groupNormalization,
  meanVarianceNormalization,
  lpNormalization,
  localResponse,
];
