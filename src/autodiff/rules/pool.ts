/** Pools that average, and those that take norms. */
import { attrFloat, attrInt, type Node } from '../../model/graph.ts';
import { zerosFor } from '../../model/memory.ts';
import { float32, sizeOf } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { padsOrCrops, type Window } from '../window.ts';
import { crop } from './kernel-gradient.ts';
import { poolWindow, shares } from './pool-window.ts';

/** Adds to each position the values of all windows that cover it: a transposed depthwise convolution with ones. */
function spreadOverWindows(c: RuleContext, values: Term, window: Window): Term {
  const { g } = c;
  const { kernel, strides, dilations, before } = window;
  const [n, channels, ...extents] = c.shape(c.x[0]!) as [number, number, ...number[]];
  const positions = c.shape(c.y[0]!).slice(2);
  const single = g.reshape(values, [n * channels, 1, ...positions]);
  const ones = g.tensor(float32(zerosFor(c.node, sizeOf(kernel)).fill(1), [1, 1, ...kernel]));
  const full = g.graph.op('ConvTranspose', [single, ones], { kernel_shape: kernel, strides, dilations });
  // What windows cover, from the first one's start: padding is cut off, and what no window reaches gets nothing.
  const covered = positions.map((p, i) => (p - 1) * strides[i]! + dilations[i]! * (kernel[i]! - 1) + 1);
  const lead = padsOrCrops(before.map((b) => -b));
  const tail = padsOrCrops(extents.map((e, i) => before[i]! + e - covered[i]!));
  const cropped = crop(g, { term: full, shape: [n * channels, 1, ...covered] }, lead.crops, tail.crops);
  return g.reshape(g.pad(cropped, [0, 0, ...lead.pads], [0, 0, ...tail.pads]), [n, channels, ...extents]);
}

function averagePool(c: RuleContext): Term {
  const window = poolWindow(c);
  return spreadOverWindows(c, c.g.mul(c.dy, c.g.tensor(shares(c, window))), window);
}

/**
 * y = (Σ |x|ᵖ)^(1/p): dx = sign(x)·|x|^(p−1) · Σ dy·y^(1−p) over the windows that hold x; nothing where a window is all zeros.
 * @param spread sums over windows
 */
function lpPool(c: RuleContext, spread: (values: Term) => Term): Term {
  const { g, x, dy } = c;
  const y = c.y[0]!;
  const p = orderOf(c.node);
  const shares = spread(p === 1 ? dy : g.where(g.greater(y, 0), g.mul(dy, g.pow(y, 1 - p)), 0));
  if (p === 2) return g.mul(x[0]!, shares);
  const sign = g.sign(x[0]!);
  return g.mul(p === 1 ? sign : g.mul(sign, g.pow(g.graph.op('Abs', [x[0]!]), p - 1)), shares);
}

/** The order of the norm: an integer, in old files a float. */
const orderOf = (node: Node): number => attrInt(node, 'p') ?? attrFloat(node, 'p', 2);

const spatialAxes = (shape: readonly number[]): number[] => shape.map((_, i) => i).slice(2);

const dilated = ({ dilations }: Window): boolean => dilations.some((d) => d > 1);

/** With dilations and negative padding, onnxruntime leaves out inputs at the end that a window covers. */
const cutShort = (window: Window): boolean => dilated(window) && window.after.some((n) => n < 0);

export const poolRules: readonly Rule[] = [
  rule('AveragePool', (c) => (cutShort(poolWindow(c)) ? [] : [() => averagePool(c)])),
  rule('GlobalAveragePool', (c) => {
    const shape = c.shape(c.x[0]!);
    return [() => c.g.expand(c.g.mul(c.dy, 1 / sizeOf(shape.slice(2))), shape)];
  }),
  rule('LpPool', (c) => [() => lpPool(c, (values) => spreadOverWindows(c, values, poolWindow(c)))]),
  // Broadcasting spreads over the one window there is.
  rule('GlobalLpPool', (c) => [() => lpPool(c, (values) => values)]),
  // Ties share the cotangent equally.
  rule('GlobalMaxPool', ({ g, x, y, dy, shape }) => [
    () => {
      const wins = g.indicator(g.equal(x[0]!, y[0]!));
      return g.mul(wins, g.div(dy, g.sum(wins, spatialAxes(shape(x[0]!)), true)));
    },
  ]),
];
