/** Whether an objective is a quadratic in the picture: squared differences of features that are an affine function of it. */
import { isRelaxed } from '../../../autodiff/index.ts';
import { type Graph, type Node, reads } from '../../../model/index.ts';
import type { Problem } from './solver.ts';

/** Affine in all their inputs together. */
const inAll = ['Add', 'Sub', 'Sum', 'Mean', 'Concat', 'Identity', 'Neg'];
/** Affine in the first, where the others are fixed. */
const inFirst = [
  'Conv',
  'ConvTranspose',
  'BatchNormalization',
  'AveragePool',
  'GlobalAveragePool',
  'ReduceMean',
  'ReduceSum',
  'Reshape',
  'Flatten',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Slice',
  'Split',
  'Gather',
  'Expand',
  'Tile',
  'Pad',
  'Div',
];
/** Affine in each, where the others are fixed. */
const inEach = ['Mul', 'MatMul', 'Gemm'];

export function isQuadratic({ head, objective, lambdaTv }: Pick<Problem, 'head' | 'objective' | 'lambdaTv'>): boolean {
  const squares = objective.variation !== 'isotropic' || lambdaTv.every((v) => v === 0);
  return objective.likelihood.kind === 'squares' && !objective.relaxed && !isRelaxed(head) && squares && isAffine(head);
}

/** Of its first input. Operators that are not listed are taken not to be. */
export function isAffine(graph: Graph): boolean {
  const moving = new Set([graph.inputs[0]!.name]);
  for (const node of graph.nodes) {
    // Bodies of If, Loop and Scan read what is around them: no such operator is listed.
    if (!reads(node).some((x) => moving.has(x))) continue;
    const places = node.inputs.flatMap((x, i) => (moving.has(x) ? [i] : []));
    if (!isAffineIn(node, places)) return false;
    for (const y of node.outputs) moving.add(y);
  }
  return true;
}

/** @param places of the inputs that move */
function isAffineIn({ op, domain, attributes }: Node, places: readonly number[]): boolean {
  if (domain !== '' && domain !== 'ai.onnx') return false;
  if (inAll.includes(op)) return true;
  const training = attributes.training_mode;
  if (training?.type === 'int' && Number(training.value) !== 0) return false;
  if (inEach.includes(op)) return places.length === 1;
  return inFirst.includes(op) && places.length === 1 && places[0] === 0;
}
