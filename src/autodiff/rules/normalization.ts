/** Normalisations. Batch normalisation is in inference mode: running statistics are constants of the network. */
import { attrFloat } from '../../model/graph.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';

/** y = γ (x − μ)/√(σ² + ε) + β, one value a channel. */
const batchNormalization = rule('BatchNormalization', (c) => {
  const { g, node, x, dy } = c;
  const shape = c.shape(x[0]!);
  const perChannel = [shape[1]!, ...shape.slice(2).map(() => 1)];
  const others = shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  const channel = (term: Term) => g.reshape(term, perChannel);
  const deviation = () => g.sqrt(g.add(x[4]!, attrFloat(node, 'epsilon', 1e-5)));
  const normalized = () => g.div(g.sub(x[0]!, channel(x[3]!)), channel(deviation()));
  return [
    () => g.mul(dy, channel(g.div(x[1]!, deviation()))),
    () => g.sum(g.mul(dy, normalized()), others),
    () => g.sum(dy, others),
  ];
});

/** With x̂ = (x − mean)/s over the axes and d = dy·γ: dx = (d − mean d − x̂ · mean(d x̂)) / s. */
function normalized(
  c: RuleContext,
  axes: readonly number[],
  d: Term,
): { readonly xHat: Term; readonly dx: () => Term } {
  const { g, node, x } = c;
  const count = axes.reduce((n, a) => n * c.shape(x[0]!)[a]!, 1);
  const mean = (term: Term) => g.mul(g.sum(term, axes, true), 1 / count);
  const centred = g.sub(x[0]!, mean(x[0]!));
  const s = g.sqrt(g.add(mean(g.square(centred)), attrFloat(node, 'epsilon', 1e-5)));
  const xHat = g.div(centred, s);
  return { xHat, dx: () => g.div(g.sub(g.sub(d, mean(d)), g.mul(xHat, mean(g.mul(d, xHat)))), s) };
}

const instanceNormalization = rule('InstanceNormalization', (c) => {
  const { g, x, dy } = c;
  const shape = c.shape(x[0]!);
  const spatial = shape.map((_, i) => i).slice(2);
  const scale = g.reshape(x[1]!, [shape[1]!, ...spatial.map(() => 1)]);
  const parts = () => normalized(c, spatial, g.mul(dy, scale));
  const others = [0, ...spatial];
  return [() => parts().dx(), () => g.sum(g.mul(dy, parts().xHat), others), () => g.sum(dy, others)];
});

const layerNormalization = rule('LayerNormalization', (c) => {
  const { g, node, x, dy } = c;
  const shape = c.shape(x[0]!);
  const raw = node.attributes.axis?.type === 'int' ? Number(node.attributes.axis.value) : -1;
  const axis = raw < 0 ? raw + shape.length : raw;
  const axes = shape.map((_, i) => i).slice(axis);
  const parts = () => normalized(c, axes, g.mul(dy, x[1]!));
  return [
    () => parts().dx(),
    () => g.unbroadcast(g.mul(dy, parts().xHat), shape, c.shape(x[1]!)),
    () => g.unbroadcast(dy, shape, c.shape(x[2]!)),
  ];
});

export const normalizationRules: readonly Rule[] = [batchNormalization, instanceNormalization, layerNormalization];
