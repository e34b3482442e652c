/** Which tensors are never negative, and which stay above a positive number, whatever the inputs are. */
import type { Node } from '../model/graph.ts';
import { asNumbers, type Tensor } from '../model/tensor.ts';
import type { Term } from './expressions.ts';

/** Below it float32 has no normal numbers, and what is added to keep something above 0 may count as 0. */
export const smallestNormal = 1.2e-38;

/** `positive`: at least a constant above 0. `nonnegative`: at least 0. NaN and overflow aside. */
type Sign = 'positive' | 'nonnegative' | undefined;

/** Their results are sums, means or choices of values of the first input. */
const keeping = new Set([
  'AveragePool',
  'Expand',
  'Flatten',
  'Gather',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Identity',
  'MaxPool',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceSum',
  'Reshape',
  'Slice',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
]);

/** Whatever they are given. Exponentials underflow to 0. */
const neverNegative = new Set([
  'Abs',
  'Exp',
  'HardSigmoid',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
  'Relu',
  'Sigmoid',
  'Softmax',
  'Softplus',
]);

export class Signs {
  readonly #constants: ReadonlyMap<Term, Tensor>;
  readonly #signs = new Map<Term, Sign>();

  constructor(constants: ReadonlyMap<Term, Tensor>) {
    this.#constants = constants;
  }

  /** Notes the sign of what a node makes, those before it having been seen. */
  see(node: Node): void {
    const sign = this.#of(node);
    if (sign && node.outputs[0]) this.#signs.set(node.outputs[0], sign);
  }

  isPositive(term: Term | undefined): boolean {
    return term !== undefined && this.#sign(term) === 'positive';
  }

  isNonnegative(term: Term | undefined): boolean {
    return term !== undefined && this.#sign(term) !== undefined;
  }

  #sign(term: Term): Sign {
    const known = this.#constants.get(term);
    if (!known) return this.#signs.get(term);
    // Weights are many, and of either sign.
    if (known.data.length > 4096 || known.dtype === 'string') return undefined;
    const least = Math.min(...asNumbers(known));
    return least >= smallestNormal ? 'positive' : least >= 0 ? 'nonnegative' : undefined;
  }

  #of(node: Node): Sign {
    const [a, b] = node.inputs;
    const signs = node.inputs.map((x) => this.#sign(x));
    if (keeping.has(node.op)) return signs[0];
    if (neverNegative.has(node.op)) return 'nonnegative';
    switch (node.op) {
      case 'Sqrt':
        return signs[0];
      case 'Mul':
        return a === b || signs.every((s) => s) ? 'nonnegative' : undefined;
      case 'Pow':
        return signs[0] || this.#isEven(b) ? 'nonnegative' : undefined;
      case 'Add':
      case 'Sum':
        return signs.every((s) => s) ? strongest(signs) : undefined;
      case 'Max':
        return strongest(signs);
      case 'Clip':
        return strongest(signs.slice(0, 2));
      default:
        return undefined;
    }
  }

  #isEven(exponent: Term | undefined): boolean {
    const known = exponent === undefined ? undefined : this.#constants.get(exponent);
    return known !== undefined && asNumbers(known).every((v) => v % 2 === 0);
  }
}

const strongest = (signs: readonly Sign[]): Sign =>
  signs.includes('positive') ? 'positive' : signs.includes('nonnegative') ? 'nonnegative' : undefined;
