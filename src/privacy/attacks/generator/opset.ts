/** Brings a graph of opset 16 or newer to a newer one, so that it can be joined to a graph that needs it. */
import { attrInts, type Graph, int64, type Node, type Tensor } from '../../../model/index.ts';

const reductions = /^Reduce(Mean|Max|Min|Prod|L1|L2|LogSum|LogSumExp|SumSquare)$/;

/**
 * From opset 18 on reductions take their axes as an input, and a Split without sizes says how many parts it makes. Other
 * operators that networks are made of read the same in both.
 */
export function atOpset(graph: Graph, opset: number): Graph {
  const own = graph.opsets.get('')!;
  if (own === opset) return graph;
  const opsets = new Map([...graph.opsets, ['', opset]]);
  if (own >= 18 || opset < 18) return { ...graph, opsets };
  const axesOf = new Map<string, Tensor>();
  const raised = (node: Node): Node => {
    const { axes, ...others } = node.attributes;
    if (reductions.test(node.op) && axes) {
      const name = `${node.outputs[0]}:axes`;
      const list = attrInts(node, 'axes')!;
      axesOf.set(name, int64(list, [list.length]));
      return { ...node, inputs: [node.inputs[0]!, name], attributes: others };
    }
    if (node.op === 'Split' && !node.inputs[1])
      return { ...node, attributes: { ...others, num_outputs: { type: 'int', value: node.outputs.length } } };
    return node;
  };
  const nodes = graph.nodes.map(raised);
  return { ...graph, nodes, initializers: new Map([...graph.initializers, ...axesOf]), opsets };
}
