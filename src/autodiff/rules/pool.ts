/** Pooling. */
import { attrFloat, attrInt, attrInts, type Node } from '../../model/graph.ts';
import { float32, sizeOf, type Tensor } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { padsOrCrops, type Window, windowOf } from './geometry.ts';

function geometry(c: RuleContext): Window {
  const kernel = attrInts(c.node, 'kernel_shape') ?? [];
  return windowOf(c.node, kernel, c.shape(c.x[0]!).slice(2), c.shape(c.y[0]!).slice(2));
}

/** Where windows do not overlap each position wins at most once, and MaxUnpool is the whole gradient. */
function disjoint({ kernel, strides, dilations, before, after }: Window): boolean {
  return kernel.every((k, i) => strides[i]! >= k && dilations[i] === 1) && [...before, ...after].every((p) => p === 0);
}

/** The cotangent goes to the position that the forward pass picked (the first maximum, on ties). */
function maxPool(c: RuleContext): Term {
  const { g, x, y, dy } = c;
  const shape = c.shape(x[0]!);
  const window = geometry(c);
  const rank = window.kernel.length;
  if (rank <= 3 && disjoint(window)) {
    return g.graph.op('MaxUnpool', [dy, y[1]!, g.graph.constant(shape, 'int64')], {
      kernel_shape: window.kernel,
      strides: window.strides,
    });
  }
  const zeros = g.tensor({ dtype: 'float32', shape: [sizeOf(shape)], data: new Float32Array(sizeOf(shape)) });
  const flat = g.graph.op('ScatterElements', [zeros, g.reshape(y[1]!, [-1]), g.reshape(dy, [-1])], {
    axis: 0,
    reduction: 'add',
  });
  return g.reshape(flat, shape);
}

/** Positions counted row by row. Files that ask for columns first only mean their own use of the indices. */
function withIndices(node: Node, fresh: (hint: string) => string): Node {
  if (node.outputs[1]) return node;
  const { storage_order: _, ...attributes } = node.attributes;
  return { ...node, attributes, outputs: [node.outputs[0]!, fresh(`${node.outputs[0]}_indices`)] };
}

const columnsFirst = (node: Node): boolean => attrInt(node, 'storage_order', 0) === 1;

/** How many inputs each window averages, counting as the node counts. */
function divisors(c: RuleContext, window: Window): Tensor {
  const extents = c.shape(c.x[0]!).slice(2);
  const positions = c.shape(c.y[0]!).slice(2);
  const countPads = attrInt(c.node, 'count_include_pad', 0) === 1;
  const along = positions.map((n, axis) =>
    Array.from({ length: n }, (_, i) => {
      const start = i * window.strides[axis]! - window.before[axis]!;
      let count = 0;
      for (let k = 0; k < window.kernel[axis]!; k++) {
        const at = start + k * window.dilations[axis]!;
        const low = countPads ? -window.before[axis]! : 0;
        const high = extents[axis]! + (countPads ? window.after[axis]! : 0);
        if (at >= low && at < high) count++;
      }
      return count;
    }),
  );
  const data = new Float32Array(sizeOf(positions));
  for (let flat = 0; flat < data.length; flat++) {
    let rest = flat;
    let product = 1;
    for (let axis = positions.length - 1; axis >= 0; axis--) {
      product *= along[axis]![rest % positions[axis]!]!;
      rest = Math.floor(rest / positions[axis]!);
    }
    data[flat] = 1 / product;
  }
  return { dtype: 'float32', shape: positions, data };
}

/** Adds to each position the values of all windows that cover it: a transposed depthwise convolution with ones. */
function spreadOverWindows(c: RuleContext, values: Term, window: Window): Term {
  const { g } = c;
  const [n, channels, ...extents] = c.shape(c.x[0]!) as [number, number, ...number[]];
  const positions = c.shape(c.y[0]!).slice(2);
  const single = g.reshape(values, [n * channels, 1, ...positions]);
  const ones = g.tensor(float32(new Float32Array(sizeOf(window.kernel)).fill(1), [1, 1, ...window.kernel]));
  const full = g.graph.op('ConvTranspose', [single, ones], {
    kernel_shape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
  });
  // In ceil mode the last windows may reach past the padded input; otherwise positions past the last window get nothing.
  const reach = positions.map(
    (p, i) => (p - 1) * window.strides[i]! + window.dilations[i]! * (window.kernel[i]! - 1) + 1,
  );
  const { pads, crops } = padsOrCrops(extents.map((e, i) => window.before[i]! + e - reach[i]!));
  const padded = g.pad(full, [0, 0, ...extents.map(() => 0)], [0, 0, ...pads]);
  const cropped = [...window.before, ...crops].every((w) => w === 0)
    ? padded
    : g.slice(
        padded,
        window.before,
        window.before.map((b, i) => b + extents[i]!),
        extents.map((_, i) => i + 2),
      );
  return g.reshape(cropped, [n, channels, ...extents]);
}

function averagePool(c: RuleContext): Term {
  const window = geometry(c);
  return spreadOverWindows(c, c.g.mul(c.dy, c.g.tensor(divisors(c, window))), window);
}

/**
 * y = (Σ |x|ᵖ)^(1/p): dx = sign(x)·|x|^(p−1) · Σ dy·y^(1−p) over the windows that hold x; nothing where a window is all zeros.
 * @param p
 * @param spread sums over windows
 */
function lpPool(c: RuleContext, p: number, spread: (values: Term) => Term): Term {
  const { g, x, y, dy } = c;
  const shares = spread(p === 1 ? dy : g.where(g.greater(y[0]!, 0), g.mul(dy, g.pow(y[0]!, 1 - p)), 0));
  if (p === 2) return g.mul(x[0]!, shares);
  const sign = g.sign(x[0]!);
  return g.mul(p === 1 ? sign : g.mul(sign, g.pow(g.graph.op('Abs', [x[0]!]), p - 1)), shares);
}

/** The order of the norm: an integer, in old files a float. */
const orderOf = (node: Node): number => attrInt(node, 'p') ?? attrFloat(node, 'p', 2);

/** Values lie where the indices say; so do their cotangents. */
function maxUnpool(c: RuleContext): Term {
  const { g, x, dy } = c;
  const places = g.reshape(x[1]!, [-1]);
  return g.reshape(g.graph.op('GatherElements', [g.reshape(dy, [-1]), places], { axis: 0 }), c.shape(x[0]!));
}

const spatialAxes = (shape: readonly number[]): number[] => shape.map((_, i) => i).slice(2);

export const poolRules: readonly Rule[] = [
  rule('MaxPool', (c) => (columnsFirst(c.node) ? [] : [() => maxPool(c)]), withIndices),
  rule('AveragePool', (c) => [() => averagePool(c)]),
  rule('GlobalAveragePool', (c) => {
    const shape = c.shape(c.x[0]!);
    return [() => c.g.expand(c.g.mul(c.dy, 1 / sizeOf(shape.slice(2))), shape)];
  }),
  rule('LpPool', (c) => [() => lpPool(c, orderOf(c.node), (values) => spreadOverWindows(c, values, geometry(c)))]),
  // Broadcasting spreads over the one window there is.
  rule('GlobalLpPool', (c) => [() => lpPool(c, orderOf(c.node), (values) => values)]),
  rule('MaxUnpool', (c) => [() => maxUnpool(c)]),
  // Ties share the cotangent equally.
  rule('GlobalMaxPool', ({ g, x, y, dy, shape }) => [
    () => {
      const wins = g.indicator(g.equal(x[0]!, y[0]!));
      return g.mul(wins, g.div(dy, g.sum(wins, spatialAxes(shape(x[0]!)), true)));
    },
  ]),
];
