/**
 * Extents that the runtime reckons twice: once when it infers shapes, by the formula of ONNX, and once when it runs, in
 * float32 or by a formula of its own. Where the two differ, what runs is right: of 6 rows resized by 5/3 it infers 9 and
 * makes 10, and pooling in ceil mode differs in two cases of five.
 */
import type { Engine } from '../engine/engine.ts';
import { attrInt, attrString, type Dim, type Graph, type Node, type ValueInfo } from './graph.ts';
import { reads } from './reads.ts';
import { asNumbers, type Tensors } from './tensor.ts';

const isReckonedTwice = (node: Node): boolean => {
  switch (node.op) {
    case 'Resize':
    case 'Upsample':
    case 'Range':
      return true;
    case 'MaxPool':
    case 'AveragePool':
    case 'LpPool':
      return attrInt(node, 'ceil_mode', 0) === 1 || attrString(node, 'auto_pad', 'NOTSET').startsWith('SAME');
    // Of an `output_shape` that crops, inference finds no spatial axes at all.
    case 'ConvTranspose':
      return node.attributes.output_shape !== undefined || attrString(node, 'auto_pad', 'NOTSET').startsWith('SAME');
    default:
      return false;
  }
};

/**
 * @param inferred what the runtime infers, by tensor
 * @param feedsOf any that fit: extents of this kind do not depend on them
 * @returns the tensors of `names` whose shape is another when the graph runs, as they are then
 */
export async function measuredExtents(
  graph: Graph,
  names: readonly string[],
  inferred: ReadonlyMap<string, ValueInfo>,
  feedsOf: () => Tensors,
  engine: Engine,
): Promise<Map<string, ValueInfo>> {
  const suspects = graph.nodes
    .filter((n) => n.domain === '' && isReckonedTwice(n))
    .flatMap((n) => n.outputs.slice(0, 1));
  const asked = suspects.filter((name) => inferred.has(name));
  if (asked.length === 0) return new Map();
  const differ = (shapes: ReadonlyMap<string, readonly number[]>) =>
    new Map(
      [...shapes].flatMap(([name, shape]): [string, ValueInfo][] => {
        const v = inferred.get(name)!;
        return contradicts(v.shape, shape) ? [[name, { name, dtype: v.dtype, shape }]] : [];
      }),
    );
  const feeds = feedsOf();
  if (differ(await shapesWhenRun(graph, asked, feeds, engine)).size === 0) return new Map();
  return differ(await shapesWhenRun(graph, names, feeds, engine));
}

/** What was inferred as unknown is no contradiction. */
const contradicts = (inferred: readonly Dim[], ran: readonly number[]): boolean =>
  inferred.length === ran.length ? inferred.some((d, i) => typeof d === 'number' && d !== ran[i]) : inferred.length > 0;

async function shapesWhenRun(
  graph: Graph,
  names: readonly string[],
  feeds: Tensors,
  engine: Engine,
): Promise<Map<string, readonly number[]>> {
  const needed = new Set(names);
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((y) => needed.has(y))) return false;
    for (const x of reads(node)) needed.add(x);
    return true;
  });
  const shapeOf = (name: string) => `${name}/cutline-extents`;
  const asking = names.map(
    (name): Node => ({ name: '', op: 'Shape', domain: '', inputs: [name], outputs: [shapeOf(name)], attributes: {} }),
  );
  const session = await engine.load(
    {
      ...graph,
      nodes: [...nodes.reverse(), ...asking],
      initializers: new Map([...graph.initializers].filter(([name]) => needed.has(name))),
      outputs: names.map((name) => ({ name: shapeOf(name), dtype: 'int64', shape: [], unknown: 'shape' })),
      values: new Map(),
    },
    { optimization: 'disabled' },
  );
  try {
    const results = await session.run(feeds);
    return new Map(names.map((name) => [name, asNumbers(results[shapeOf(name)]!)]));
  } finally {
    await session.close();
  }
}
