/**
 * A rule says how the cotangents of a node's outputs become cotangents of its inputs. It writes plain ONNX operators and
 * reads like the mathematics; shapes are static, so broadcasting and padding are settled while the graph is written.
 */
import type { Node } from '../model/graph.ts';
import type { DType, Tensor } from '../model/tensor.ts';
import type { Expressions, Term } from './expressions.ts';

export interface RuleContext {
  readonly node: Node;
  /** Input tensors by position; '' where an optional input is left out. */
  readonly x: readonly Term[];
  /** Output tensors by position. */
  readonly y: readonly Term[];
  /** Cotangent of the first output. */
  readonly dy: Term;
  /** Cotangents by output position; undefined where none arrives. */
  readonly cotangents: readonly (Term | undefined)[];
  readonly g: Expressions;
  /** Static shape of any tensor of the graph. */
  shape(name: Term): readonly number[];
  /** Type of any tensor of the graph. Cotangents are float32 whatever it is. */
  dtype(name: Term): DType;
  /** The value of a tensor that is the same in every run. */
  constant(name: Term): Tensor | undefined;
  /** Whether a tensor can hold infinities or NaN though the inputs are finite, as what comes of a quotient can. */
  canDiverge(name: Term): boolean;
}

/** One gradient for each input position, written only where it is wanted; undefined where the input has no gradient. */
export type Gradients = readonly ((() => Term) | undefined)[];

export interface Rule {
  readonly op: string;
  /** The rule reads the cotangents of all outputs; without it, only the first output may have one. */
  readonly everyOutput?: true;
  gradients(context: RuleContext): Gradients;
  /** A change to the forward node that the rule depends on, such as a second output. */
  prepare?(node: Node, fresh: (hint: string) => string): Node;
}

export function rule(op: string, gradients: Rule['gradients'], prepare?: NonNullable<Rule['prepare']>): Rule {
  return { op, gradients, ...(prepare && { prepare }) };
}

/** Operators whose result does not change under small changes of their inputs: their gradient is zero everywhere it exists. */
export const piecewiseConstant: ReadonlySet<string> = new Set([
  'Shape',
  'Size',
  'ArgMax',
  'ArgMin',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Not',
  'And',
  'Or',
  'Xor',
  'Floor',
  'Ceil',
  'Round',
  'Sign',
  'IsNaN',
  'IsInf',
  'NonZero',
  'Hardmax',
  'ConstantOfShape',
  'EyeLike',
  'OneHot',
  'Constant',
  'Range',
]);
