/** The end of a tail as something to learn from: one score a class. */
import { prune } from '../../../autodiff/index.ts';
import { CutlineError } from '../../../errors.ts';
import { allValues, attrInt, fixedShape, type Graph, sizeOf } from '../../../model/index.ts';

export interface ClassAnswer {
  /** The tail up to its scores, its only output: before the softmax or sigmoid that it may end in. */
  readonly tail: Graph;
  readonly classes: number;
  /** Whether one class excludes the others, or each is a question of its own. */
  readonly kind: 'softmax' | 'sigmoid';
}

/** They only lay out the scores. */
const passing = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast']);

/**
 * @param tail batch n, shapes known
 * @throws CutlineError SHADOW_UNFIT when the network's first output is no row of class scores
 */
export function classAnswer(tail: Graph, cut: string): ClassAnswer {
  const values = allValues(tail);
  const output = tail.outputs[0]!;
  const shape = fixedShape(output);
  const batch = fixedShape(tail.inputs[0])?.[0];
  const [n, classes, ...rest] = shape ?? [];
  if (output.dtype !== 'float32' || !n || n !== batch || !classes || classes < 2 || rest.some((d) => d !== 1)) {
    const problem = `it learns from labels, and the model’s first output ${output.name} [${output.shape}] is no row of class scores`;
    throw new CutlineError('SHADOW_UNFIT', { cut, problem });
  }
  const producers = new Map(tail.nodes.flatMap((node) => node.outputs.map((y) => [y, node] as const)));
  let scores = output.name;
  for (let node = producers.get(scores); node && passing.has(node.op); node = producers.get(scores)) {
    scores = node.inputs[0]!;
  }
  const last = producers.get(scores);
  const row = fixedShape(values.get(scores));
  const axis = last ? attrInt(last, 'axis', -1) : -1;
  const alongClasses = row?.at(axis < 0 ? axis : axis - row.length) === classes && sizeOf(row) === n * classes;
  // LogSoftmax of logarithms changes nothing, and that of what precedes a softmax is the logarithm of its answer.
  const within = (last?.op === 'Softmax' || last?.op === 'LogSoftmax') && alongClasses;
  const sigmoid = last?.op === 'Sigmoid';
  const logits = within || sigmoid ? last.inputs[0]! : output.name;
  return {
    tail: prune(withOutput(tail, logits)),
    classes,
    kind: sigmoid ? 'sigmoid' : 'softmax',
  };
}

function withOutput(graph: Graph, name: string): Graph {
  const all = allValues(graph);
  const values = new Map([...all].filter(([n]) => n !== name && !graph.initializers.has(n)));
  for (const v of graph.inputs) values.delete(v.name);
  return { ...graph, outputs: [all.get(name)!], values };
}
