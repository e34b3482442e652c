/**
 * Rewrites a graph of an older opset to opset 17, so that rules and formulas know a single form of each operator, and
 * recurrent operators to the plain ones they are made of.
 */
import { GraphBuilder } from '../model/builder.ts';
import { attrFloat, attrInt, attrInts, type Graph, type Node, type ValueInfo } from '../model/graph.ts';
import { type FloatType, int64, isFloat, realScalar } from '../model/tensor.ts';
import { allValues, fixedShape } from '../model/values.ts';
import { olderResize } from './older-resize.ts';
import { recurrent, unrollRecurrent } from './recurrent/index.ts';

const target = 17;

/** Operators without a rule of their own, which are written as others before they are differentiated. */
export const rewritten: ReadonlySet<string> = new Set(['Scatter', 'Upsample', ...recurrent]);

/** @param graph shapes known. Of graphs of opset 16 or newer only recurrent operators are rewritten. */
export function raiseOpset(graph: Graph): Graph {
  return unrollRecurrent(raised(graph));
}

function raised(graph: Graph): Graph {
  const opset = graph.opsets.get('') ?? 1;
  if (opset >= 16) return graph;
  const b = GraphBuilder.from({ ...graph, nodes: [], opsets: new Map([...graph.opsets, ['', target]]) });
  for (const node of graph.nodes) for (const y of node.outputs) if (y) b.reserve(y);
  const values = new Map(graph.values);
  for (const node of graph.nodes) b.node(node.domain === '' ? raise(node, opset, { ...graph, values }, b) : node);
  return {
    ...graph,
    ...b.build(graph.name),
    outputs: graph.outputs,
    values,
    irVersion: Math.max(graph.irVersion, 8),
  };
}

function without(node: Node, names: readonly string[], extra: Partial<Node> = {}): Node {
  const attributes = Object.fromEntries(Object.entries(node.attributes).filter(([name]) => !names.includes(name)));
  return { ...node, attributes, ...extra };
}

/** Moves list attributes to int64 inputs. */
function listsToInputs(node: Node, names: readonly string[], b: GraphBuilder): Node {
  const inputs = [node.inputs[0]!];
  for (const name of names) {
    const list = attrInts(node, name);
    inputs.push(list ? b.initializer(int64(list)) : '');
  }
  while (inputs.at(-1) === '') inputs.pop();
  return without(node, names, { inputs });
}

/** `graph.values` may be added to. */
function raise(node: Node, opset: number, graph: Graph & { values: Map<string, ValueInfo> }, b: GraphBuilder): Node {
  const has = (name: string) => node.attributes[name] !== undefined;
  switch (node.op) {
    case 'Squeeze':
    case 'Unsqueeze':
    case 'ReduceSum':
      return opset < 13 && has('axes') ? listsToInputs(node, ['axes'], b) : node;
    case 'Split':
      return opset < 13 && has('split') ? listsToInputs(node, ['split'], b) : node;
    case 'Slice':
      return opset < 10 ? listsToInputs(node, ['starts', 'ends', 'axes'], b) : node;
    case 'Pad': {
      if (opset >= 11) return node;
      const value = b.initializer(realScalar(attrFloat(node, 'value', 0), realTypeOf(node.inputs[0]!, graph)));
      return without(node, ['pads', 'value'], {
        inputs: [node.inputs[0]!, b.initializer(int64(attrInts(node, 'pads') ?? [])), value],
      });
    }
    case 'Clip': {
      if (opset >= 11) return node;
      const dtype = realTypeOf(node.inputs[0]!, graph);
      const bound = (name: string) => (has(name) ? b.initializer(realScalar(attrFloat(node, name, 0), dtype)) : '');
      const inputs = [node.inputs[0]!, bound('min'), bound('max')];
      while (inputs.at(-1) === '') inputs.pop();
      return without(node, ['min', 'max'], { inputs });
    }
    case 'Dropout':
      return opset < 12
        ? { ...without(node, ['ratio']), op: 'Identity', attributes: {}, outputs: node.outputs.slice(0, 1) }
        : node;
    case 'RoiAlign': {
      if (opset >= 16 || has('coordinate_transformation_mode')) return node;
      const mode = { type: 'string', value: 'output_half_pixel' } as const;
      return { ...node, attributes: { ...node.attributes, coordinate_transformation_mode: mode } };
    }
    case 'TopK':
      return opset < 10 ? withCount(node, b) : node;
    case 'Scatter':
      return { ...node, op: 'ScatterElements' };
    case 'Hardmax':
    case 'Softmax':
    case 'LogSoftmax':
      return opset < 13 ? flattenedSoftmax(node, graph, b) : node;
    case 'BatchNormalization':
      return opset < 14 ? batchNormalization(node, b) : node;
    case 'Upsample':
      return olderResize(node, graph, b);
    case 'Resize':
      return opset < 11 ? olderResize(node, graph, b) : node;
    default:
      return node;
  }
}

/** float32 where nothing is known. */
function realTypeOf(name: string, graph: Graph): FloatType {
  const dtype = allValues(graph).get(name)?.dtype;
  return dtype && isFloat(dtype) ? dtype : 'float32';
}

/** Before opset 14 the outputs beside the first asked for training mode: the statistics of the batch are used. */
function batchNormalization(node: Node, b: GraphBuilder): Node {
  const inference = without(node, ['spatial'], { outputs: node.outputs.slice(0, 1) });
  if (!node.outputs.slice(1).some((y) => y)) return inference;
  const outputs = [0, 1, 2].map((i) => node.outputs[i] || b.fresh(`${node.outputs[0]}_running`));
  const attributes = { ...inference.attributes, training_mode: { type: 'int', value: 1 } as const };
  return { ...inference, outputs, attributes };
}

/** Before opset 10 K was an attribute. */
function withCount(node: Node, b: GraphBuilder): Node {
  return without(node, ['k'], { inputs: [node.inputs[0]!, b.initializer(int64([attrInt(node, 'k', 1)]))] });
}

/** Before opset 13 softmax flattened all axes from `axis` on; the same as one axis where it is the last that is not 1. */
function flattenedSoftmax(node: Node, graph: Graph & { values: Map<string, ValueInfo> }, b: GraphBuilder): Node {
  const shape = fixedShape(allValues(graph).get(node.inputs[0]!)) ?? [];
  const raw = attrInt(node, 'axis', 1);
  const axis = raw < 0 ? raw + shape.length : raw;
  const attributes = (a: number) => ({ ...node.attributes, axis: { type: 'int', value: a } as const });
  if (shape.slice(axis + 1).every((n) => n === 1)) return { ...node, attributes: attributes(axis) };
  const lead = shape.slice(0, axis).reduce((x, y) => x * y, 1);
  const flat = b.op('Reshape', [node.inputs[0]!, b.initializer(int64([lead, -1]))]);
  const soft = b.op(node.op, [flat], { axis: 1 });
  const flatShape = [lead, shape.reduce((x, y) => x * y, 1) / lead];
  const dtype = realTypeOf(node.inputs[0]!, graph);
  for (const name of [flat, soft]) graph.values.set(name, { name, dtype, shape: flatShape });
  return { ...node, op: 'Reshape', inputs: [soft, b.initializer(int64(shape))], attributes: {} };
}
