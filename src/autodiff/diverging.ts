/** Which tensors of a graph can hold infinities or NaN though its inputs are finite. */
import { attrFloat, type Node } from '../model/graph.ts';
import { reads } from '../model/reads.ts';
import { asNumbers, type Tensor } from '../model/tensor.ts';
import type { Term } from './expressions.ts';
import { Signs, smallestNormal } from './signs.ts';

/** Operators with poles, or that are not defined everywhere, or grow without bound. Sums and products that overflow are told. */
const creators = new Set([
  'Acos',
  'Acosh',
  'Asin',
  'Atanh',
  'BatchNormalization',
  'Cosh',
  'Div',
  'Exp',
  'GroupNormalization',
  'InstanceNormalization',
  'LRN',
  'LayerNormalization',
  'Log',
  'MeanVarianceNormalization',
  'Mod',
  'Pow',
  'RMSNormalization',
  'Reciprocal',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'Sinh',
  'Sqrt',
  'Tan',
]);

const products = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'LSTM', 'GRU', 'RNN']);

/** @param constants values that are the same in every run, by tensor */
export function diverging(nodes: readonly Node[], constants: ReadonlyMap<Term, Tensor>): Set<Term> {
  // Weights are many, and read for every graph; a network that holds an infinite one has no values at all.
  const weights = new Set(nodes.flatMap((n) => (products.has(n.op) ? n.inputs.slice(1) : [])));
  const masks = [...constants].filter(([name, t]) => !weights.has(name) && holdsInfinity(t));
  const tensors = new Set(masks.map(([name]) => name));
  const signs = new Signs(constants);
  for (const node of nodes) {
    const creates = creators.has(node.op) && !harmless(node, constants, signs);
    if (creates || reads(node).some((x) => tensors.has(x))) for (const y of node.outputs) if (y) tensors.add(y);
    signs.see(node);
  }
  return tensors;
}

/** What keeps a quotient, a root or a power finite: a divisor above 0, such as √(σ² + ε), a whole exponent, an ε of its own. */
function harmless(node: Node, constants: ReadonlyMap<Term, Tensor>, signs: Signs): boolean {
  const [a, b] = node.inputs;
  const second = b ? constants.get(b) : undefined;
  switch (node.op) {
    case 'Div':
      return signs.isPositive(b) || (second !== undefined && asNumbers(second).every((v) => v !== 0));
    case 'Log':
    case 'Reciprocal':
      return signs.isPositive(a);
    case 'Sqrt':
      return signs.isNonnegative(a);
    case 'Pow': {
      const exponents = second && asNumbers(second);
      if (!exponents) return false;
      if (exponents.every((v) => v >= 0)) return signs.isNonnegative(a) || exponents.every(Number.isInteger);
      return signs.isPositive(a);
    }
    case 'LRN':
      return attrFloat(node, 'bias', 1) > 0;
    case 'BatchNormalization':
    case 'GroupNormalization':
    case 'InstanceNormalization':
    case 'LayerNormalization':
    case 'RMSNormalization':
      return attrFloat(node, 'epsilon', 1e-5) >= smallestNormal;
    default:
      return false;
  }
}

function holdsInfinity({ dtype, data }: Tensor): boolean {
  const bits = data as Uint16Array;
  switch (dtype) {
    case 'float32':
    case 'float64':
      // A loop without calls: weights are many.
      for (const v of data as Float32Array) if (v - v !== 0) return true;
      return false;
    case 'float16':
      return bits.some((v) => (v & 0x7c00) === 0x7c00);
    case 'bfloat16':
      return bits.some((v) => (v & 0x7f80) === 0x7f80);
    default:
      return false;
  }
}
