/** A graph of one variant, written twice: in float64 where the engine runs it, for exact differences, and in float32. */
import { type AttributeLike, GraphBuilder } from '../../../src/model/builder.ts';
import type { Graph } from '../../../src/model/graph.ts';
import { int64, sizeOf, type Tensor } from '../../../src/model/tensor.ts';

export type Precision = 'float32' | 'float64';

/** Where in its slot a value lies, another place for each tensor: kinks at slots' borders are a third of a slot away. */
const offsets = [0.37, 0.61, 0.43, 0.55, 0.39, 0.49, 0.65, 0.35];

export class Draft {
  readonly precision: Precision;
  readonly #b: GraphBuilder;
  readonly #feeds = new Map<string, Tensor>();
  readonly #steps = new Map<string, number>();
  readonly #outputs: string[] = [];
  #drawn = 0;

  constructor(opset: number, precision: Precision) {
    this.precision = precision;
    this.#b = new GraphBuilder(opset);
  }

  /** A fed input to differentiate: different values in (low, high), in an order without a pattern. */
  real(shape: readonly number[], low = -2, high = 2): string {
    return this.#feed(this.values(shape, low, high), (high - low) / Math.max(sizeOf(shape), 1));
  }

  /** Like `real`, with values of either sign whose amounts lie in (low, high). */
  signed(shape: readonly number[], low = 0.5, high = 2): string {
    const t = this.values(shape, low, high);
    const list = Array.from(t.data as Float64Array, (v, i) => (i % 3 === 1 ? -v : v));
    return this.#feed(this.#tensor(list, shape), (high - low) / Math.max(sizeOf(shape), 1));
  }

  /** A constant of the same kind. */
  weight(shape: readonly number[], low = -1, high = 1): string {
    return this.#b.initializer(this.values(shape, low, high));
  }

  /** Fed or constant: rules prepare what is constant. */
  either(constant: boolean, shape: readonly number[], low = -1, high = 1): string {
    return constant ? this.weight(shape, low, high) : this.real(shape, low, high);
  }

  /** A constant of given values. */
  floats(list: readonly number[], shape: readonly number[] = [list.length]): string {
    return this.#b.initializer(this.#tensor(list, shape));
  }

  /** float32 in both precisions, as scales of Resize are. */
  single(list: readonly number[], shape: readonly number[] = [list.length]): string {
    return this.#b.initializer({ dtype: 'float32', shape, data: Float32Array.from(list) });
  }

  list(values: readonly number[], shape?: readonly number[]): string {
    return this.#b.initializer(int64(values, shape));
  }

  /** Integers that are fed: no rule knows them while it writes. */
  fedList(values: readonly number[], shape?: readonly number[]): string {
    return this.#feed(int64(values, shape));
  }

  constant(tensor: Tensor): string {
    return this.#b.initializer(tensor);
  }

  feed(tensor: Tensor): string {
    return this.#feed(tensor);
  }

  values(shape: readonly number[], low: number, high: number): Tensor {
    const n = sizeOf(shape);
    const offset = offsets[this.#drawn++ % offsets.length]!;
    const list = order(n, this.#drawn).map((slot) => low + ((high - low) * (slot + offset)) / n);
    return this.#tensor(list, shape);
  }

  /** A node inside the graph. */
  inner(op: string, inputs: readonly string[], attributes: Record<string, AttributeLike> = {}): string {
    return this.#b.op(op, inputs, attributes);
  }

  inners(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeLike>,
    outputs: readonly string[],
  ): readonly string[] {
    const names = outputs.map((y) => y && this.#b.fresh(y));
    return this.#b.ops(op, inputs, attributes, names);
  }

  /** A node whose outputs, those with a name, are outputs of the graph. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeLike> = {},
    outputs: readonly string[] = ['y'],
  ): void {
    this.output(...this.inners(op, inputs, attributes, outputs).filter((y) => y !== ''));
  }

  output(...names: readonly string[]): void {
    for (const name of names) {
      this.#outputs.push(name);
      this.#b.output(name);
    }
  }

  graph(): Graph {
    return this.#b.build('sweep');
  }

  get feeds(): ReadonlyMap<string, Tensor> {
    return this.#feeds;
  }

  /** Distance between neighbouring values of an input that is differentiated. */
  get spacing(): ReadonlyMap<string, number> {
    return this.#steps;
  }

  #feed(tensor: Tensor, spacing?: number): string {
    const name = this.#b.input(`in${this.#feeds.size}`, tensor.dtype, tensor.shape);
    this.#feeds.set(name, tensor);
    if (spacing !== undefined) this.#steps.set(name, spacing);
    return name;
  }

  /** Rounded to float32 in both precisions, so that both see the same point. */
  #tensor(list: readonly number[], shape: readonly number[]): Tensor {
    const single = Float32Array.from(list);
    return { dtype: this.precision, shape, data: this.precision === 'float32' ? single : Float64Array.from(single) };
  }
}

/** 0 … n−1 in an order that is the same every time. */
function order(n: number, seed: number): number[] {
  const list = Array.from({ length: n }, (_, i) => i);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = n - 1; i > 0; i--) {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    const j = state % (i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}
