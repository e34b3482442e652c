/** Types and shapes of the terms of a graph that is being written. */
import type { GraphBuilder } from '../model/builder.ts';
import { fixedShape } from '../model/values.ts';
import type { Term } from './expressions.ts';
import { infer, type Kind, type Operand } from './inference/index.ts';

export class Kinds {
  readonly #b: GraphBuilder;
  readonly #given: (term: Term) => Kind | undefined;
  readonly #found = new Map<Term, Kind>();
  #inputs = 0;
  #nodes = 0;

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
    for (const v of this.#b.inputs.slice(this.#inputs)) {
      const shape = fixedShape(v);
      if (shape) this.#found.set(v.name, { dtype: v.dtype, shape });
    }
    this.#inputs = this.#b.inputs.length;
    const nodes = this.#b.nodes.slice(this.#nodes);
    this.#nodes += nodes.length;
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
