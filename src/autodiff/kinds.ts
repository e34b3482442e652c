/** Types and shapes of the terms of a graph that is being written. */
import type { GraphBuilder } from '../model/builder.ts';
import type { Term } from './expressions.ts';
import { infer, type Kind, type Operand } from './inference/index.ts';

export class Kinds {
  readonly #b: GraphBuilder;
  readonly #given: (term: Term) => Kind | undefined;
  readonly #found = new Map<Term, Kind>();
  #seen = 0;

  /** @param given what is known beforehand: the tensors of the forward graph */
  constructor(builder: GraphBuilder, given: (term: Term) => Kind | undefined) {
    this.#b = builder;
    this.#given = given;
  }

  /**
   * @returns undefined where the operators that lead to the term say too little
   * @throws Misfit where one of the nodes written since the last call cannot take its inputs
   */
  of(term: Term): Kind | undefined {
    const nodes = this.#b.nodes.slice(this.#seen);
    this.#seen += nodes.length;
    for (const node of nodes) {
      const y = node.outputs[0]!;
      if (this.#given(y)) continue;
      const x = node.inputs.map((name) => (name === '' ? undefined : this.#operand(name)));
      if (x.some((operand, i) => operand === undefined && node.inputs[i] !== '')) continue;
      const kind = infer(node, x);
      if (kind) this.#found.set(y, kind);
    }
    return this.#operand(term);
  }

  #operand(term: Term): Operand | undefined {
    const value = this.#b.initializerOf(term);
    if (value) return { dtype: value.dtype, shape: value.shape, value };
    return this.#found.get(term) ?? this.#given(term);
  }
}
