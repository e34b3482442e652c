/** The network under audit, for any batch, whole and divided. */
import { inputShape, type Preprocessing } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import {
  bindAllButBatch,
  bindBatch,
  type Cut,
  cutOrder,
  findCuts,
  foldConstants,
  type Graph,
  hasSymbolicBatch,
  inferShapes,
  resolveCut,
  type Split,
  split,
  type ValueInfo,
  withBatch,
} from '../../model/index.ts';
import { type Beside, besidePicture, type SubjectOptions } from './beside.ts';

/** Divided networks that are remembered: an attack uses up to four batches of a head. */
const mostParts = 16;

export class Subject {
  readonly preprocessing: Preprocessing;
  /** Cuts of which one picture decides alone what they send, in order of depth. */
  readonly cuts: readonly Cut[];
  /** Ids of the cuts to speak of, in order of depth: also of those that hang on inputs beside the picture. */
  readonly ids: readonly string[];
  /** Inputs beside the picture without which the model gives no answer: what there is here ends before they come in. */
  readonly absent: readonly string[];
  readonly #engine: Engine;
  readonly #graph: Graph;
  readonly #beside: Beside | undefined;
  readonly #whole = new Map<number, Promise<Graph>>();
  readonly #follows: ReturnType<typeof cutOrder>;
  /** Used last comes last. */
  readonly #parts = new Map<string, Promise<Split>>();

  /**
   * @param network of several inputs: what hangs on the picture alone is audited
   * @throws CutlineError AUDIT_INPUT when the network does not take one picture of this size, AUDIT_PICTURE
   */
  static async open(
    engine: Engine,
    network: Graph,
    preprocessing: Preprocessing,
    options: SubjectOptions = {},
  ): Promise<Subject> {
    const wanted = inputShape(1, preprocessing);
    const beside = await besidePicture(engine, network, wanted, options);
    // Where the network takes pictures of any size, the preprocessing says which.
    const graph = bindAllButBatch(beside?.tower ?? network, wanted);
    const one = await inferShapes(bindBatch(graph, 1), engine);
    const [input, ...others] = one.inputs;
    const fits =
      input?.dtype === 'float32' && input.shape.length === 4 && input.shape.every((d, i) => i === 0 || d === wanted[i]);
    if (!input || others.length > 0 || !fits) {
      const found = one.inputs.map((v) => `${v.name} ${v.dtype} [${v.shape}]`).join(', ');
      throw new CutlineError('AUDIT_INPUT', { found, wanted: wanted.join(',') });
    }
    return new Subject(engine, graph, one, preprocessing, beside);
  }

  private constructor(
    engine: Engine,
    graph: Graph,
    one: Graph,
    preprocessing: Preprocessing,
    beside: Beside | undefined,
  ) {
    this.#engine = engine;
    // An export with a fixed batch is changed through the shapes that are known of it.
    this.#graph = hasSymbolicBatch(graph) ? graph : one;
    this.preprocessing = preprocessing;
    this.#beside = beside;
    this.#follows = cutOrder(one);
    this.cuts = beside?.cuts ?? findCuts(one);
    this.ids = beside?.ids ?? this.cuts.map((c) => c.id);
    this.absent = beside?.absent ?? [];
    // Of one picture, unless the file or --shape fixes another batch.
    this.#whole.set(one.inputs[0]!.shape[0] as number, Promise.resolve(one));
  }

  get input(): string {
    return this.#graph.inputs[0]!.name;
  }

  /** @throws CutlineError CUT_NOT_FOUND, AUDIT_BESIDE when it hangs on more than the picture */
  cut(id: string): Cut {
    return this.#beside ? this.#beside.cut(id) : resolveCut(this.cuts, id);
  }

  /** Whether what is sent at the second cut can be computed from what is sent at the first. */
  follows(from: string, to: string): boolean {
    return this.#follows(this.cut(from), this.cut(to));
  }

  /** The whole network for a batch of n, shapes known; what of it hangs on the picture alone where other inputs are absent. */
  whole(n: number): Promise<Graph> {
    const known = this.#whole.get(n);
    if (known) return known;
    const made = inferShapes(withBatch(this.#graph, n), this.#engine);
    this.#whole.set(n, made);
    return made;
  }

  /** Why the first output for n pictures is not an answer for each of them; undefined where it may be one. */
  async noAnswer(n: number): Promise<string | undefined> {
    if (this.absent.length > 0) return `the model gives no answer without ${this.absent.join(', ')}`;
    const [many, one] = [await this.whole(n), await this.whole(1)].map((graph) => graph.outputs[0]!);
    const rows = (v: ValueInfo) => `${v.shape.slice(1)}`;
    return rows(many!) === rows(one!) ? undefined : 'the rows of the first output grow with the batch';
  }

  /**
   * Head and tail for a batch of n. What is constant in the head has been computed, so that it can be differentiated. Asked again,
   * the last few are the same objects: what is prepared from them and loaded for them can be found by them.
   */
  parts(cut: Cut, n: number): Promise<Split> {
    const key = JSON.stringify([cut.tensors.map((t) => t.name), n]);
    const parts = this.#parts.get(key) ?? this.#divide(cut, n);
    this.#parts.delete(key);
    this.#parts.set(key, parts);
    for (const oldest of this.#parts.keys()) {
      if (this.#parts.size <= mostParts) break;
      this.#parts.delete(oldest);
    }
    // What failed is tried again.
    parts.catch(() => this.#parts.delete(key));
    return parts;
  }

  async #divide(cut: Cut, n: number): Promise<Split> {
    const { head, tail } = split(await this.whole(n), cut);
    return { head: await foldConstants(head, this.#engine), tail };
  }
}
