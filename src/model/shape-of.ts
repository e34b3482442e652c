/** What stands in for Shape and Size of a tensor that is on the other side of a cut. */
import { attrInt, type Dim, type Node, type ValueInfo } from './graph.ts';
import { int64, sizeOf, type Tensor } from './tensor.ts';

export interface StandIn {
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
}

/**
 * The same answer without the tensor: a constant where its shape is fixed, else put together from the batch of one of
 * `present`. Undefined where the shape is not known well enough.
 * @param node Shape (with `start` and `end` since opset 15) or Size
 */
export function shapeWithout(
  node: Node,
  subject: ValueInfo | undefined,
  present: readonly ValueInfo[],
): StandIn | undefined {
  if (!subject || subject.unknown) return undefined;
  const output = node.outputs[0]!;
  const rank = subject.shape.length;
  const dims = subject.shape.slice(attrInt(node, 'start', 0), attrInt(node, 'end', rank));
  if (dims.every((d) => typeof d === 'number')) {
    const value = node.op === 'Size' ? int64([sizeOf(dims as number[])], []) : int64(dims as number[]);
    return { nodes: [], constants: new Map([[output, value]]) };
  }
  return node.op === 'Shape' ? fromBatch(output, dims, present) : undefined;
}

/** Dimensions named `batch` or `12*batch` (inferBatchShapes) follow from a present tensor with a dimension `batch`. */
function fromBatch(output: string, dims: readonly Dim[], present: readonly ValueInfo[]): StandIn | undefined {
  const constants = new Map<string, Tensor>();
  const nodes: Node[] = [];
  const node = (op: string, inputs: readonly string[], to: string, axis?: number) => {
    const attributes = axis === undefined ? {} : { axis: { type: 'int', value: axis } as const };
    nodes.push({ name: to, op, domain: '', inputs, outputs: [to], attributes });
    return to;
  };
  const constant = (name: string, value: number) => {
    constants.set(name, int64([value]));
    return name;
  };
  const parts: string[] = [];
  for (const [i, d] of dims.entries()) {
    const at = `${output}/cutline-${i}`;
    if (typeof d === 'number') {
      parts.push(constant(at, d));
      continue;
    }
    const [, factor, symbol] = /^(?:(\d+)\*)?(.+)$/s.exec(d) ?? [];
    const source = present.find((v) => !v.unknown && symbol !== undefined && v.shape.includes(symbol));
    if (!source || symbol === undefined) return undefined;
    const shape = node('Shape', [source.name], `${at}-shape`);
    const batch = node('Gather', [shape, constant(`${at}-axis`, source.shape.indexOf(symbol))], `${at}-batch`, 0);
    parts.push(factor ? node('Mul', [batch, constant(`${at}-factor`, Number(factor))], `${at}-product`) : batch);
  }
  node('Concat', parts, output, 0);
  return { nodes, constants };
}
