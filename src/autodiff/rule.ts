/**
 * A rule says how the cotangents of a node's outputs become cotangents of its inputs. It writes plain ONNX operators and
 * reads like the mathematics; shapes are static, so broadcasting and padding are settled while the graph is written.
 */
import type { Node } from '../model/graph.ts';
import { type DType, isFloat, type Tensor } from '../model/tensor.ts';
import type { Expressions, Term } from './expressions.ts';

export interface RuleContext {
  readonly node: Node;
  /** Input tensors by position, real numbers as float32; '' where an optional input is left out. */
  readonly x: readonly Term[];
  /** Output tensors by position, real numbers as float32. */
  readonly y: readonly Term[];
  /** Cotangent of the first output. Cotangents are float32 whatever their tensors are. */
  readonly dy: Term;
  /** Cotangents by output position; undefined where none arrives. */
  readonly cotangents: readonly (Term | undefined)[];
  readonly g: Expressions;
  /** Static shape of any of `x` and `y`. */
  shape(term: Term): readonly number[];
  /** Type of any of `x` and `y`: float32, or what is no real number. */
  dtype(term: Term): DType;
  /** The value of one of `x` that is the same in every run, real numbers as float32. */
  constant(term: Term): Tensor | undefined;
  /** Whether one of `x` and `y` can hold infinities or NaN though the inputs are finite, as what comes of a quotient can. */
  canDiverge(term: Term): boolean;
}

/**
 * One gradient for each input position, written only where it is wanted; undefined where the input has no gradient. Each is
 * float32 of the shape of its input, which `backward` checks.
 */
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

/** What QuantizeLinear makes. Such a tensor stands for real numbers, and carries their cotangent through the graph. */
const quantized: ReadonlySet<DType> = new Set(['int8', 'uint8', 'int16', 'uint16']);

/**
 * Whether what a node makes of real numbers can have a cotangent. A cast to small integers is no quantisation: nothing says
 * what they stand for.
 * @param dtype of one of its outputs
 */
export const carriesCotangent = (node: Node, dtype: DType): boolean =>
  isFloat(dtype) || (quantized.has(dtype) && node.op !== 'Cast');

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
