/**
 * Quantisation with straight-through gradients (Bengio et al. 2013; Jacob et al. 2018): rounding is passed as if it were
 * not there, and saturation stops the gradient. A quantised tensor carries the cotangent of y = x/s + z before rounding.
 */
import { attrInt } from '../../model/graph.ts';
import type { DType } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Gradients, type Rule, type RuleContext, rule } from '../rule.ts';

const limits: Partial<Record<DType, readonly [low: number, high: number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

/** A scale or zero point, one a tensor or one for each index of an axis, to broadcast against x; as float32. */
function parameter(c: RuleContext, term: Term): Term {
  const shape = c.shape(c.x[0]!);
  const real = c.dtype(term).includes('float') ? term : c.g.graph.op('Cast', [term], { to: 1 });
  const own = c.shape(term);
  if (own.length === 0) return real;
  const raw = attrInt(c.node, 'axis', 1);
  const axis = raw < 0 ? raw + shape.length : raw;
  return c.g.reshape(real, own[0] === 1 ? [] : shape.map((n, i) => (i === axis ? n : 1)));
}

/** Sums a cotangent of x over the axes that share a scale. */
function toScale(c: RuleContext, term: Term): Term {
  const { g, x } = c;
  const shape = c.shape(x[0]!);
  const own = c.shape(x[1]!);
  if (own.length === 0 || own[0] === 1) return g.reshape(g.sum(term), own);
  const raw = attrInt(c.node, 'axis', 1);
  const axis = raw < 0 ? raw + shape.length : raw;
  return g.sum(
    term,
    shape.flatMap((_, i) => (i === axis ? [] : [i])),
  );
}

/** y = saturate(round(x/s) + z): dx = dy/s, ds = −Σ dy·x/s², dz = Σ dy, inside the representable range only. */
const quantizeLinear = rule('QuantizeLinear', (c): Gradients => {
  const { g, x, y, dy } = c;
  const range = limits[c.dtype(y[0]!)];
  if (!range || attrInt(c.node, 'block_size', 0) !== 0) return [];
  const scale = () => parameter(c, x[1]!);
  const inside = () => {
    const scaled = g.div(x[0]!, scale());
    const exact = x[2] ? g.add(scaled, parameter(c, x[2])) : scaled;
    const above = g.graph.op('GreaterOrEqual', [exact, g.value(range[0])]);
    return g.and(above, g.graph.op('LessOrEqual', [exact, g.value(range[1])]));
  };
  const dx = () => g.div(g.where(inside(), dy, 0), scale());
  return [dx, () => toScale(c, g.neg(g.mul(dx(), g.div(x[0]!, scale())))), () => toScale(c, g.where(inside(), dy, 0))];
});

/** y = (x − z)·s: dx = dy·s, ds = Σ dy·(x − z), dz = −Σ dy·s. */
const dequantizeLinear = rule('DequantizeLinear', (c): Gradients => {
  const { g, x, dy } = c;
  if (attrInt(c.node, 'block_size', 0) !== 0) return [];
  const centred = () => {
    const real = g.graph.op('Cast', [x[0]!], { to: 1 });
    return x[2] ? g.sub(real, parameter(c, x[2])) : real;
  };
  const dx = () => g.mul(dy, parameter(c, x[1]!));
  return [dx, () => toScale(c, g.mul(dy, centred())), () => toScale(c, g.neg(dx()))];
});

/** The scale is chosen so that nothing saturates; it counts as a constant. */
const dynamicQuantizeLinear: Rule = {
  ...rule('DynamicQuantizeLinear', ({ g, x, y, cotangents, shape }) => [
    () => (cotangents[0] ? g.div(cotangents[0], y[1]!) : g.expand(g.value(0), shape(x[0]!))),
  ]),
  everyOutput: true,
};

export const quantizeRules: readonly Rule[] = [quantizeLinear, dequantizeLinear, dynamicQuantizeLinear];
