/** The two defences that lie in the cut itself (He et al. 2021, §6): how deep the client is, and whether it mixes all pixels. */
import type { Graph, Node } from '../model/index.ts';

export interface Layers {
  /** Layers with weights. */
  readonly depth: number;
  /** At least one of them makes every value of the whole picture: fully connected, or a convolution as large as its input. */
  readonly mixes: boolean;
}

const noLayers: Layers = { depth: 0, mixes: false };

/** @param head null where the device runs nothing; shapes known */
export function layersOf(head: Graph | null): Layers {
  if (!head) return noLayers;
  const layers = head.nodes.filter((n) => layerOps.has(n.op) && weightOf(n, head) !== undefined);
  return { depth: layers.length, mixes: layers.some((n) => mixes(n, head)) };
}

const layerOps = new Set([
  'Conv',
  'ConvTranspose',
  'ConvInteger',
  'QLinearConv',
  'Gemm',
  'MatMul',
  'MatMulInteger',
  'QLinearMatMul',
]);

/** Shape of its weights: the operand of most dimensions that is part of the file. */
function weightOf(node: Node, graph: Graph): readonly number[] | undefined {
  return node.inputs
    .flatMap((name) => constantShape(name, graph) ?? [])
    .reduce<readonly number[] | undefined>((a, b) => (b.length >= 2 && b.length > (a?.length ?? 0) ? b : a), undefined);
}

function constantShape(name: string, graph: Graph): [readonly number[]] | undefined {
  const held = graph.initializers.get(name);
  if (held) return [held.shape];
  const maker = graph.nodes.find((n) => n.outputs.includes(name));
  // Weights that are stored in fewer bits, or transposed.
  if (maker && ['DequantizeLinear', 'Transpose', 'Cast', 'Identity'].includes(maker.op)) {
    return constantShape(maker.inputs[0]!, graph);
  }
  const value = maker?.op === 'Constant' ? maker.attributes.value : undefined;
  return value?.type === 'tensor' ? [value.value.shape] : undefined;
}

function mixes(node: Node, graph: Graph): boolean {
  const seen = shapeOf(node.inputs[0]!, graph);
  if (node.op.includes('Conv')) {
    const weight = weightOf(node, graph)!;
    const [group] = [node.attributes.group?.type === 'int' ? Number(node.attributes.group.value) : 1];
    return node.op !== 'ConvTranspose' && group === 1 && !!seen && seen.slice(2).every((d, i) => d === weight[i + 2]);
  }
  // Of tokens, each by itself, a product mixes nothing.
  return seen?.length === 2;
}

function shapeOf(name: string, graph: Graph): readonly (number | string)[] | undefined {
  return graph.values.get(name)?.shape ?? graph.inputs.find((v) => v.name === name)?.shape;
}
