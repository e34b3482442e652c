/** Taking values by index: what is taken several times collects several cotangents. */
import { attrInt, type Node } from '../../model/graph.ts';
import { int64, sizeOf } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';

export const axisOf = (c: RuleContext, fallback: number): number => {
  const axis = attrInt(c.node, 'axis', fallback);
  return axis < 0 ? axis + c.shape(c.x[0]!).length : axis;
};

const scatterElements = (c: RuleContext, shape: readonly number[], indices: Term, values: Term, axis: number): Term =>
  c.g.graph.op('ScatterElements', [c.g.zeros(shape), indices, values], { axis, reduction: 'add' });

const gather = rule('Gather', (c) => [
  () => {
    const { g, x, dy } = c;
    const shape = c.shape(x[0]!);
    const axis = axisOf(c, 0);
    const count = sizeOf(c.shape(x[1]!));
    // [lead, indices…, rest] → [indices, lead × rest], scattered along the first axis, and back.
    const [lead, rest] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
    const width = lead * rest;
    const rows = g.reshape(g.transpose(g.reshape(dy, [lead, count, rest]), [1, 0, 2]), [count, width]);
    const everywhere = g.expand(g.reshape(x[1]!, [count, 1]), [count, width]);
    const scattered = scatterElements(c, [shape[axis]!, width], everywhere, rows, 0);
    return g.reshape(g.transpose(g.reshape(scattered, [shape[axis]!, lead, rest]), [1, 0, 2]), shape);
  },
]);

const gatherElements = rule('GatherElements', (c) => [
  () => scatterElements(c, c.shape(c.x[0]!), c.x[1]!, c.dy, axisOf(c, 0)),
]);

/** Indices of GatherND with the coordinates of the batch axes written out in front, as ScatterND wants them. */
function fullIndices(c: RuleContext): Term {
  const { g, x } = c;
  const batch = attrInt(c.node, 'batch_dims', 0);
  if (batch === 0) return x[1]!;
  const rows = c.shape(x[1]!).slice(0, -1);
  const coordinates: number[] = [];
  for (let flat = 0; flat < sizeOf(rows); flat++) {
    let rest = flat;
    const index = rows.map(() => 0);
    for (let axis = rows.length - 1; axis >= 0; axis--) {
      index[axis] = rest % rows[axis]!;
      rest = Math.floor(rest / rows[axis]!);
    }
    coordinates.push(...index.slice(0, batch));
  }
  return g.concat([g.tensor(int64(coordinates, [...rows, batch])), x[1]!], rows.length);
}

const gatherND = rule('GatherND', (c) => [
  () => c.g.graph.op('ScatterND', [c.g.zeros(c.shape(c.x[0]!)), fullIndices(c), c.dy], { reduction: 'add' }),
]);

/** Sorted values: the cotangents go back where they were found. */
const topK = rule(
  'TopK',
  (c) => [() => scatterElements(c, c.shape(c.x[0]!), c.y[1]!, c.dy, axisOf(c, -1))],
  (node: Node, fresh) => (node.outputs[1] ? node : { ...node, outputs: [node.outputs[0]!, fresh('TopK_indices')] }),
);

export const gatherRules: readonly Rule[] = [gather, gatherElements, gatherND, topK];
