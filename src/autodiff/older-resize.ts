/** Upsample and the first Resize, written in operators of today. */
import type { GraphBuilder } from '../model/builder.ts';
import { attrString, type Graph, type Node, type ValueInfo } from '../model/graph.ts';
import { requireRoom } from '../model/memory.ts';
import { asNumbers, float32, int64 } from '../model/tensor.ts';
import { allValues, fixedShape } from '../model/values.ts';
import { constantsOf } from './constants.ts';

/** Shapes known; `values` may be added to. */
type Growing = Graph & { readonly values: Map<string, ValueInfo> };

/**
 * They computed positions as `asymmetric`. As onnxruntime has it, the nearest index was rounded down along axes that grow
 * and up along those that shrink: a Resize has one rounding for all, so where both occur values are gathered.
 */
export function olderResize(node: Node, graph: Growing, b: GraphBuilder): Node {
  const scales = scalesOf(node, graph);
  const mode = attrString(node, 'mode', 'nearest');
  const shrinks = mode === 'nearest' && scales.some((s) => s < 1);
  if (shrinks && scales.some((s) => s > 1)) return gathered(node, scales, graph, b);
  return {
    ...node,
    op: 'Resize',
    inputs: [node.inputs[0]!, '', b.initializer(float32(scales, [scales.length]))],
    attributes: {
      mode: { type: 'string', value: mode },
      coordinate_transformation_mode: { type: 'string', value: 'asymmetric' },
      nearest_mode: { type: 'string', value: shrinks ? 'ceil' : 'floor' },
    },
  };
}

/** In a list, and then as int64. */
const bytesOfNumber = 16;

/** A Gather along each axis; the last is returned. */
function gathered(node: Node, scales: readonly number[], graph: Growing, b: GraphBuilder): Node {
  const values = allValues(graph);
  const { dtype, shape } = values.get(node.inputs[0]!)!;
  const to = fixedShape(values.get(node.outputs[0]!))!;
  const current = shape.map(Number);
  const axes = scales.flatMap((s, axis) => (s === 1 ? [] : [axis]));
  let x = node.inputs[0]!;
  const gather = (axis: number, name: string, output: string): Node => {
    const scale = scales[axis]!;
    const last = current[axis]! - 1;
    requireRoom(node, bytesOfNumber * to[axis]!);
    const indices = Array.from({ length: to[axis]! }, (_, i) => {
      const position = Math.fround(i / scale);
      return Math.min(scale < 1 ? Math.ceil(position) : Math.floor(position), last);
    });
    const attributes = { axis: { type: 'int', value: axis } as const };
    return { ...node, name, op: 'Gather', inputs: [x, b.initializer(int64(indices))], outputs: [output], attributes };
  };
  for (const axis of axes.slice(0, -1)) {
    const output = b.fresh(`${node.outputs[0]}_gathered`);
    b.node(gather(axis, output, output));
    current[axis] = to[axis]!;
    graph.values.set(output, { name: output, dtype, shape: [...current] });
    x = output;
  }
  return gather(axes.at(-1)!, node.name, node.outputs[0]!);
}

/** An attribute, then an input; where that is computed while the graph runs, the extents tell. */
function scalesOf(node: Node, graph: Graph): number[] {
  const listed = node.attributes.scales;
  if (listed?.type === 'floats') return listed.value.map(Math.fround);
  const constant = constantsOf(graph).get(node.inputs[1]!);
  if (constant) return asNumbers(constant);
  const values = allValues(graph);
  const [from, to] = [node.inputs[0]!, node.outputs[0]!].map((name) => fixedShape(values.get(name)) ?? []);
  return from!.map((n, i) => Math.fround(to![i]! / n));
}
