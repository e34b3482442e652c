/** The network under audit, for any batch, whole and divided. */
import { inputShape, type Preprocessing } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import {
  bindAllButBatch,
  bindBatch,
  type Cut,
  findCuts,
  foldConstants,
  type Graph,
  hasSymbolicBatch,
  inferShapes,
  type Split,
  split,
  withBatch,
} from '../../model/index.ts';

export class Subject {
  readonly preprocessing: Preprocessing;
  readonly cuts: readonly Cut[];
  readonly #engine: Engine;
  readonly #graph: Graph;
  readonly #whole = new Map<number, Promise<Graph>>();

  /** @throws CutlineError AUDIT_INPUT when the network does not take one picture of this size */
  static async open(engine: Engine, network: Graph, preprocessing: Preprocessing): Promise<Subject> {
    const wanted = inputShape(1, preprocessing);
    // Where the network takes pictures of any size, the preprocessing says which.
    const graph = bindAllButBatch(network, wanted);
    const one = await inferShapes(bindBatch(graph, 1), engine);
    const [input, ...others] = one.inputs;
    const fits =
      input?.dtype === 'float32' && input.shape.length === 4 && input.shape.every((d, i) => i === 0 || d === wanted[i]);
    if (!input || others.length > 0 || !fits) {
      const found = one.inputs.map((v) => `${v.name} ${v.dtype} [${v.shape}]`).join(', ');
      throw new CutlineError('AUDIT_INPUT', { found, wanted: wanted.join(',') });
    }
    return new Subject(engine, graph, one, preprocessing);
  }

  private constructor(engine: Engine, graph: Graph, one: Graph, preprocessing: Preprocessing) {
    this.#engine = engine;
    // An export with a fixed batch is changed through the shapes that are known of it.
    this.#graph = hasSymbolicBatch(graph) ? graph : one;
    this.preprocessing = preprocessing;
    this.cuts = findCuts(one);
    this.#whole.set(1, Promise.resolve(one));
  }

  get input(): string {
    return this.#graph.inputs[0]!.name;
  }

  /** The whole network for a batch of n, shapes known. */
  whole(n: number): Promise<Graph> {
    const known = this.#whole.get(n);
    if (known) return known;
    const made = inferShapes(withBatch(this.#graph, n), this.#engine);
    this.#whole.set(n, made);
    return made;
  }

  /** Head and tail for a batch of n. What is constant in the head has been computed, so that it can be differentiated. */
  async parts(cut: Cut, n: number): Promise<Split> {
    const { head, tail } = split(await this.whole(n), cut);
    return { head: await foldConstants(head, this.#engine), tail };
  }
}
