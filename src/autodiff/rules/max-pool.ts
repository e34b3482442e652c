/** Max pooling and its inverse: the cotangent goes to the position that the forward pass picked, the first on ties. */
import { attrInt, type Node } from '../../model/graph.ts';
import { requireRoom } from '../../model/memory.ts';
import { int64, sizeOf, type Tensor } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import type { Window } from '../window.ts';
import { occupied, poolWindow } from './pool-window.ts';

/**
 * Where windows do not overlap each position wins at most once, and MaxUnpool is the whole gradient. It wants windows that
 * lie inside the input: none may reach into padding, or hang over as the last does with `ceil_mode`.
 */
function disjointInside(c: RuleContext, { kernel, strides, dilations, before, after }: Window): boolean {
  const extents = c.shape(c.x[0]!).slice(2);
  const positions = c.shape(c.y[0]!).slice(2);
  return kernel.every(
    (k, i) =>
      strides[i]! >= k &&
      dilations[i] === 1 &&
      before[i] === 0 &&
      after[i] === 0 &&
      (positions[i]! - 1) * strides[i]! + k <= extents[i]!,
  );
}

function maxPool(c: RuleContext): Term {
  const { g, x, y } = c;
  const shape = c.shape(x[0]!);
  const window = poolWindow(c);
  const places = columnsFirst(c.node) ? placesByRow(c) : y[1]!;
  if (window.kernel.length <= 3 && disjointInside(c, window)) {
    return g.graph.op('MaxUnpool', [c.dy, places, g.graph.constant(shape, 'int64')], {
      kernel_shape: window.kernel,
      strides: window.strides,
    });
  }
  // A window that lies in padding holds no maximum, and its index points anywhere.
  const held = occupied(c, window);
  const dy = held ? g.mul(c.dy, g.tensor(held)) : c.dy;
  const valid = held ? g.graph.op('Max', [places, g.graph.constant([0], 'int64')]) : places;
  const zeros = g.zeros([sizeOf(shape)]);
  const flat = g.graph.op('ScatterElements', [zeros, g.reshape(valid, [-1]), g.reshape(dy, [-1])], {
    axis: 0,
    reduction: 'add',
  });
  return g.reshape(flat, shape);
}

/** Positions counted row by row. Files that ask for columns first only mean their own use of the indices. */
function withIndices(node: Node, fresh: (hint: string) => string): Node {
  return node.outputs[1] ? node : { ...byRow(node), outputs: [node.outputs[0]!, fresh(`${node.outputs[0]}_indices`)] };
}

const columnsFirst = (node: Node): boolean => attrInt(node, 'storage_order', 0) === 1;

function byRow(node: Node): Node {
  const { storage_order: _, ...attributes } = node.attributes;
  return { ...node, attributes };
}

/** Where the file's own indices count columns first, the pool is computed once more. */
function placesByRow(c: RuleContext): Term {
  const outputs = ['MaxPool_again', 'MaxPool_places'].map((hint) => c.g.graph.fresh(hint));
  return c.g.graph.ops('MaxPool', [c.x[0]!], byRow(c.node).attributes, outputs)[1]!;
}

/** In a list, and then as int64. */
const bytesOfNumber = 16;

/** Values lie where the indices say; so do their cotangents. Of several at one place the last lies there. */
function maxUnpool(c: RuleContext): Term {
  const { g, x, dy } = c;
  const shape = c.shape(x[0]!);
  const places = g.reshape(x[1]!, [-1]);
  const at = (values: Term) => g.graph.op('GatherElements', [values, places], { axis: 0 });
  const taken = at(g.reshape(dy, [-1]));
  if (areDifferent(c.constant(x[1]!))) return g.reshape(taken, shape);
  requireRoom(c.node, bytesOfNumber * sizeOf(shape));
  const numbers = g.tensor(int64(Array.from({ length: sizeOf(shape) }, (_, i) => i)));
  const nobody = g.graph.op('Expand', [
    g.graph.constant(-1, 'int64'),
    g.graph.constant([sizeOf(c.shape(c.y[0]!))], 'int64'),
  ]);
  const owners = g.graph.op('ScatterElements', [nobody, places, numbers], { axis: 0 });
  return g.reshape(g.where(g.equal(at(owners), numbers), taken, 0), shape);
}

const areDifferent = (places: Tensor | undefined): boolean =>
  places !== undefined && new Set(places.data as BigInt64Array).size === places.data.length;

export const maxPoolRules: readonly Rule[] = [
  rule('MaxPool', (c) => [() => maxPool(c)], withIndices),
  rule('MaxUnpool', (c) => [() => maxUnpool(c)]),
];
