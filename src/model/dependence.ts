/**
 * What a tensor depends on. `data`: the values of the inputs. `shape`: only the shapes of tensors, as the arithmetic
 * between Shape and Reshape that exporters write. `constant`: nothing. Only `data` is ever sent through a cut; the rest
 * is computed again on whichever side needs it.
 */
import type { Graph, Node } from './graph.ts';
import { bodies, reads } from './reads.ts';

export type Dependence = 'constant' | 'shape' | 'data';

const random = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
]);

/** The shape of their outputs depends on the values of their inputs. */
const dataShaped = new Set(['NonZero', 'NonMaxSuppression', 'Unique', 'Compress', 'Loop', 'Scan', 'If', 'StringSplit']);

/** Inputs whose values say what shape comes out, by operator. */
const shapeInputs: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  Tile: [1],
  Pad: [1],
  Slice: [1, 2, 3, 4],
  Resize: [2, 3],
  Upsample: [1],
  Range: [0, 1, 2],
  ConstantOfShape: [0],
  TopK: [1],
  OneHot: [1],
  Split: [1],
  CenterCropPad: [1],
  BlackmanWindow: [0],
  HannWindow: [0],
  HammingWindow: [0],
};

/** The dependence of every tensor of the graph, by name. */
export function dependences(graph: Graph): Map<string, Dependence> {
  const found = new Map<string, Dependence>();
  /** Tensors whose very shape depends on data; their Shape is data too. */
  const fluid = new Set<string>();
  for (const name of graph.initializers.keys()) found.set(name, 'constant');
  for (const name of graph.sealed?.keys() ?? []) found.set(name, 'constant');
  for (const v of graph.inputs) found.set(v.name, 'data');
  for (const node of graph.nodes) {
    const names = reads(node);
    const isFluid =
      names.some((i) => fluid.has(i)) || (shapedByData(node, found) && names.some((i) => found.get(i) === 'data'));
    const kind = dependenceOf(node, names, found, isFluid);
    for (const o of node.outputs) {
      if (!o) continue;
      found.set(o, kind);
      if (isFluid) fluid.add(o);
    }
  }
  return found;
}

function dependenceOf(
  node: Node,
  names: readonly string[],
  found: ReadonlyMap<string, Dependence>,
  isFluid: boolean,
): Dependence {
  const kinds = names.map((i) => found.get(i) ?? 'data');
  if (isShapeOf(node) && !isFluid) return kinds[0] === 'constant' ? 'constant' : 'shape';
  if (kinds.includes('data') || drawsAtRandom(node)) return 'data';
  return kinds.includes('shape') ? 'shape' : 'constant';
}

/** Does the node read nothing of its input but the shape? */
export function isShapeOf(node: Node): boolean {
  return (node.op === 'Shape' || node.op === 'Size') && node.domain === '';
}

function shapedByData(node: Node, found: ReadonlyMap<string, Dependence>): boolean {
  if (node.domain !== '' || dataShaped.has(node.op)) return true;
  return (shapeInputs[node.op] ?? []).some((i) => node.inputs[i] && found.get(node.inputs[i]!) === 'data');
}

function drawsAtRandom(node: Node): boolean {
  return random.has(node.op) || bodies(node).some((b) => b.nodes.some(drawsAtRandom));
}
