/**
 * A head that rounds, for whoever descends through it: its gradient is zero wherever there is one, which is no reason for an attacker to
 * stand still. Rounding is left out, or passed straight through. What is rounded by way of integers or comparisons is computed
 * beside them in real numbers; the integers stay for whatever else reads them.
 */
import { GraphBuilder } from '../model/builder.ts';
import { attrInt, type Graph, type Node, nodeLabel } from '../model/graph.ts';
import { prune } from '../model/prune.ts';
import { reads } from '../model/reads.ts';
import { asNumbers, type DType, type FloatType, float32, isFloat, realScalar } from '../model/tensor.ts';
import { allValues } from '../model/values.ts';
import type { Term } from './expressions.ts';
import { hasSlope } from './flat.ts';
import { straightThrough } from './straight.ts';

/**
 * `open`: rounding is left out, and what comes out lies in the middle of what would have been rounded to the same; `straight`: values
 * are rounded as they were, and cotangents pass.
 */
export type Relaxation = 'open' | 'straight';

const mark = 'rounding of ';

/** Whether something was relaxed in it, be it a part of it. */
export const isRelaxed = (graph: Graph): boolean => graph.nodes.some((node) => node.name.includes(mark));

/** Of integers that stand for real numbers: the same operator on those. Indices and shapes stay integers. */
const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Neg', 'Abs', 'Clip', 'Min', 'Max', 'Sum', 'Concat']);
const layout = new Set(
  'Identity Reshape Flatten Transpose Squeeze Unsqueeze Slice Gather Expand Tile DepthToSpace SpaceToDepth'.split(' '),
);
const comparing: Readonly<Record<string, 1 | -1>> = { Greater: 1, GreaterOrEqual: 1, Less: -1, LessOrEqual: -1 };

/**
 * The same object where nothing that depends on the inputs is rounded.
 * @param graph types known
 * @returns a graph in which the shapes of what was added are not known
 */
export function relaxRounding(graph: Graph, way: Relaxation): Graph {
  const inputs = graph.inputs.map((v) => v.name);
  const relaxed = relax(graph, way, false);
  // Comparisons mostly choose among branches that have a slope; where they do not, they have rounded.
  if (hasSlope(relaxed, inputs)) return relaxed;
  const compared = relax(graph, way, true);
  return hasSlope(compared, inputs) ? compared : relaxed;
}

function relax(graph: Graph, way: Relaxation, comparisons: boolean): Graph {
  const moving = movedBy(graph);
  const values = allValues(graph);
  const dtypeOf = (name: Term): DType | undefined => values.get(name)?.dtype;
  const realOf = (name: Term): FloatType | undefined => {
    const dtype = dtypeOf(name);
    return dtype !== undefined && isFloat(dtype) ? dtype : undefined;
  };
  const b = GraphBuilder.from({ ...graph, nodes: [] });
  for (const node of graph.nodes) for (const y of node.outputs) if (y) b.reserve(y);
  /** Real numbers, as float32, that integers and truths stand for. */
  const real = new Map<Term, Term>();
  const one = (value: number, dtype: FloatType = 'float32') => b.initializer(realScalar(value, dtype));
  const asReal = (name: Term) => {
    const constant = graph.initializers.get(name);
    if (constant) return b.initializer(float32(asNumbers(constant), constant.shape));
    return real.get(name) ?? b.op('Cast', [name], { to: 1 });
  };

  /** Writes a rounding of `x`, of its type. */
  const round = (op: string, x: Term, dtype: FloatType, y = b.fresh(op)): Term => {
    if (way === 'straight') {
      const node = { name: y, op, domain: '', inputs: [x], outputs: [y], attributes: {} };
      b.node({ ...straightThrough(node), name: `${mark}${straightThrough(node).name}` });
      return y;
    }
    if (op === 'Round') return b.op('Identity', [x], {}, y);
    if (op === 'Sign') return b.op('Softsign', [x], {}, y);
    return b.op(op === 'Floor' ? 'Sub' : 'Add', [x, one(0.5, dtype)], {}, y);
  };
  /** Towards zero, as casts to integers do. */
  const truncated = (x: Term): Term => {
    if (way === 'open') return b.op('Sub', [x, b.op('Mul', [b.op('Softsign', [x]), one(0.5)])]);
    const below = b.op('Less', [x, one(0)]);
    return b.op('Where', [below, round('Ceil', x, 'float32'), round('Floor', x, 'float32')]);
  };
  /** 1 where the difference is positive, 0 where it is not. */
  const indicated = (difference: Term): Term =>
    b.op('Mul', [b.op('Add', [round('Sign', difference, 'float32'), one(1)]), one(0.5)]);
  const float32Of = (x: Term): Term => (dtypeOf(x) === 'float32' ? x : b.op('Cast', [x], { to: 1 }));

  /** Scale or zero point of a quantisation, as float32 to broadcast; undefined where it is of blocks. */
  const parameter = (node: Node, name: Term): Term | undefined => {
    const [own, shape] = [values.get(name)?.shape, values.get(node.inputs[0]!)?.shape];
    if (!own || !shape || own.length > 1 || attrInt(node, 'block_size', 0) !== 0) return undefined;
    const axis = attrInt(node, 'axis', 1);
    const along = shape.map((_, i) => (i === (axis + shape.length) % shape.length ? -1 : 1));
    const extents = own.length === 0 || own[0] === 1 ? [] : along;
    return b.op('Reshape', [float32Of(name), b.constant(extents, 'int64')]);
  };

  /** Writes what stands for the node; false where it stays as it is. */
  const rewrite = (node: Node): boolean => {
    const [x = '', second = '', third = ''] = node.inputs;
    const [y = ''] = node.outputs;
    const dtype = realOf(x);
    if (['Round', 'Floor', 'Ceil', 'Sign'].includes(node.op)) {
      if (!dtype) return false;
      round(node.op, x, dtype, y);
      return true;
    }
    if (node.op === 'Cast') {
      const to = realOf(y);
      if (to && real.has(x)) {
        b.op('Cast', [real.get(x)!], { to: attrInt(node, 'to', 1) }, y);
        return true;
      }
      // The other way, it is only begun: whether somebody makes real numbers of it again is not known yet.
      if (dtype && !to && dtypeOf(y) !== 'bool' && dtypeOf(y) !== 'string') real.set(y, truncated(float32Of(x)));
      else if (real.has(x) && !to) real.set(y, real.get(x)!);
      return false;
    }
    if (node.op === 'QuantizeLinear' && way === 'open' && dtype && !moving.has(second) && !moving.has(third)) {
      const range = quantizedRanges[dtypeOf(y) ?? 'string'];
      const [scale, zero] = [parameter(node, second), third === '' ? one(0) : parameter(node, third)];
      if (!range || !scale || !zero) return false;
      const exact = b.op('Add', [b.op('Div', [float32Of(x), scale]), zero]);
      real.set(y, b.op('Clip', [exact, ...range.map((end) => one(end))]));
      return false;
    }
    if (node.op === 'DequantizeLinear' && real.has(x) && realOf(y) === 'float32') {
      const [scale, zero] = [parameter(node, second), third === '' ? one(0) : parameter(node, third)];
      if (!scale || !zero) return false;
      b.op('Mul', [b.op('Sub', [real.get(x)!, zero]), scale], {}, y);
      return true;
    }
    const sign = comparisons ? comparing[node.op] : undefined;
    if (sign && dtype) {
      const [a, c] = sign > 0 ? [x, second] : [second, x];
      real.set(y, indicated(float32Of(b.op('Sub', [a, c]))));
      return false;
    }
    // A choice among values that do not move: that of values that do has a slope.
    if (node.op === 'Where' && real.has(x) && !moving.has(second) && !moving.has(third)) {
      const [to, type] = [realOf(y), realOf(second)];
      const [yes, no] = [second, third].map((name) => (type === 'float32' ? name : b.op('Cast', [name], { to: 1 })));
      const chosen = b.op('Add', [no!, b.op('Mul', [real.get(x)!, b.op('Sub', [yes!, no!])])]);
      if (to) b.op('Cast', [chosen], { to: castTo[to] }, y);
      else real.set(y, chosen);
      return to !== undefined;
    }
    if (node.op === 'Not' && real.has(x)) real.set(y, b.op('Sub', [one(1), real.get(x)!]));
    else if (arithmetic.has(node.op) && node.inputs.some((name) => real.has(name))) {
      beside(
        node,
        node.inputs.map((name) => (name === '' ? '' : asReal(name))),
      );
    } else if (layout.has(node.op) && real.has(x)) beside(node, [real.get(x)!, ...node.inputs.slice(1)]);
    return false;
  };
  const beside = (node: Node, inputs: readonly Term[]): void => {
    const y = b.fresh(node.outputs[0]!);
    b.node({ ...node, name: `${mark}${nodeLabel(node)}`, inputs, outputs: [y] });
    real.set(node.outputs[0]!, y);
  };

  for (const node of graph.nodes) {
    const moves = (node.domain === '' || node.domain === 'ai.onnx') && node.inputs.some((name) => moving.has(name));
    if (!(moves && b.within(`${mark}${nodeLabel(node)}`, () => rewrite(node)))) b.node(node);
  }
  // Without integers that nobody reads any more, and what stands beside those that nobody made real again.
  const made = prune({ ...b.build(graph.name), outputs: graph.outputs });
  return isRelaxed(made) ? made : graph;
}

const quantizedRanges: Partial<Readonly<Record<DType, readonly [least: number, most: number]>>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

const castTo: Readonly<Record<FloatType, number>> = { float32: 1, float16: 10, float64: 11, bfloat16: 16 };

/** What depends on the values of the inputs; shapes do not. */
function movedBy(graph: Graph): ReadonlySet<Term> {
  const moving = new Set(graph.inputs.map((v) => v.name));
  for (const node of graph.nodes) {
    if (node.op === 'Shape' || node.op === 'Size') continue;
    if (reads(node).some((x) => moving.has(x))) for (const y of node.outputs) moving.add(y);
  }
  return moving;
}
