/**
 * What a rule sees of the tensors of the graph: real numbers in float32, whatever type the forward pass computes in. They are
 * cast once each, and only those casts stay that something reads. Integers are indices, shapes and axes, and stay as they are.
 */
import type { Node } from '../model/graph.ts';
import { type DType, inSinglePrecision, isFloat, type Tensor } from '../model/tensor.ts';
import type { Expressions, Term } from './expressions.ts';

/** Inputs that are numbers to calculate with, even where they are integers, by position. */
const numeric: Readonly<Record<string, readonly number[]>> = { Pow: [0, 1] };

export class Operands {
  readonly #g: Expressions;
  readonly #dtypes: ReadonlyMap<Term, DType>;
  readonly #constants: ReadonlyMap<Term, Tensor>;
  readonly #casts = new Map<Term, Term>();
  readonly #originals = new Map<Term, Term>();
  readonly #decoded = new Map<Term, Tensor>();

  /** @param dtypes,constants of the tensors of the forward graph */
  constructor(g: Expressions, dtypes: ReadonlyMap<Term, DType>, constants: ReadonlyMap<Term, Tensor>) {
    this.#g = g;
    this.#dtypes = dtypes;
    this.#constants = constants;
  }

  inputsOf(node: Node): Term[] {
    return node.inputs.map((x, i) => (numeric[node.op]?.includes(i) ? this.#single(x) : this.real(x)));
  }

  /** A tensor that holds real numbers as float32; any other as it is. */
  real(name: Term): Term {
    const dtype = this.#dtypes.get(name);
    return dtype && isFloat(dtype) ? this.#single(name) : name;
  }

  /** The tensor of the forward graph that a term stands for. */
  original(term: Term): Term {
    return this.#originals.get(term) ?? term;
  }

  /** The value of a term that is the same in every run, in the type the rule sees. */
  constant(term: Term): Tensor | undefined {
    const value = this.#constants.get(this.original(term));
    if (!value || !(isFloat(value.dtype) || this.#originals.has(term))) return value;
    const known = this.#decoded.get(term) ?? inSinglePrecision(value);
    this.#decoded.set(term, known);
    return known;
  }

  #single(name: Term): Term {
    const dtype = this.#dtypes.get(name);
    if (!dtype || dtype === 'float32') return name;
    const known = this.#casts.get(name);
    if (known !== undefined) return known;
    const cast = this.#g.graph.op('Cast', [name], { to: 1 });
    this.#casts.set(name, cast);
    this.#originals.set(cast, name);
    return cast;
  }
}
