/** A random one-node (or few-node) graph with its feeds, drawn through fast-check so that failures shrink. */
import fc from 'fast-check';
import { type AttributeLike, GraphBuilder } from '../../../src/model/builder.ts';
import type { Graph } from '../../../src/model/graph.ts';
import { float32, int64, sizeOf, type Tensor, type Tensors } from '../../../src/model/tensor.ts';
import { runReference } from '../reference/index.ts';

export interface Case {
  readonly graph: Graph;
  readonly feeds: Tensors;
  /** Fed float inputs, in the order in which they were drawn. */
  readonly reals: readonly string[];
}

export type CaseGenerator = (s: Sketch) => void;

/** Values lie on a grid of this many points per range, so that no two are closer than a finite difference reaches. */
const gridPoints = 16384;
/** No range used here puts 0, a limit or another kink on a point of the grid. */
const gridOffset = 0.37;

export class Sketch {
  opset = 17;
  readonly #draw: fc.GeneratorValue;
  readonly #noise: () => number;
  readonly #slots = new Set<number>();
  readonly #inputs: { name: string; tensor: Tensor }[] = [];
  readonly #initializers: { name: string; tensor: Tensor }[] = [];
  readonly #nodes: { op: string; inputs: string[]; attributes: Record<string, AttributeLike>; outputs: string[] }[] =
    [];
  readonly #outputs: string[] = [];
  readonly #reals: string[] = [];
  #count = 0;

  constructor(draw: fc.GeneratorValue) {
    this.#draw = draw;
    this.#noise = mulberry32(draw(fc.nat));
  }

  int(min: number, max: number): number {
    return this.#draw(fc.integer, { min, max });
  }

  bool(): boolean {
    return this.int(0, 1) === 1;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }

  ints(count: number, min: number, max: number): number[] {
    return Array.from({ length: count }, () => this.int(min, max));
  }

  shape(minRank: number, maxRank: number, maxDim = 4): number[] {
    return this.ints(this.int(minRank, maxRank), 1, maxDim);
  }

  /** A random order of 0 … n−1. */
  order(n: number): number[] {
    const rest = Array.from({ length: n }, (_, i) => i);
    return Array.from({ length: n }, () => rest.splice(this.int(0, rest.length - 1), 1)[0]!);
  }

  /** A shape that broadcasts into `shape`. */
  broadcastable(shape: readonly number[]): number[] {
    return shape.slice(this.int(0, shape.length)).map((n) => (this.int(0, 3) === 0 ? 1 : n));
  }

  /** Distinct float32 values in (low, high). */
  values(shape: readonly number[], low = -2, high = 2): Tensor {
    const data = new Float32Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) {
      let slot = Math.floor(this.#noise() * gridPoints);
      while (this.#slots.has(slot)) slot = (slot + 1) % gridPoints;
      this.#slots.add(slot);
      data[i] = low + ((high - low) * (slot + gridOffset)) / gridPoints;
    }
    return float32(data, shape);
  }

  /** A fed float input. */
  real(shape: readonly number[], low = -2, high = 2): string {
    const name = this.feed(this.values(shape, low, high));
    this.#reals.push(name);
    return name;
  }

  /** A float tensor that a network would hold as a weight: an initializer or a fed input. */
  weight(shape: readonly number[], low = -2, high = 2): string {
    return this.bool() ? this.initializer(this.values(shape, low, high)) : this.real(shape, low, high);
  }

  /** int64 values in [min, max], fed or constant. */
  integers(shape: readonly number[], min: number, max: number, constant = this.bool()): string {
    const list = Array.from({ length: sizeOf(shape) }, () => min + Math.floor(this.#noise() * (max - min + 1)));
    return constant ? this.initializer(int64(list, shape)) : this.feed(int64(list, shape));
  }

  booleans(shape: readonly number[]): string {
    const data = Uint8Array.from({ length: sizeOf(shape) }, () => Math.floor(this.#noise() * 2));
    return this.feed({ dtype: 'bool', shape, data });
  }

  bytes(shape: readonly number[], dtype: 'int8' | 'uint8'): string {
    const raw = Uint8Array.from({ length: sizeOf(shape) }, () => Math.floor(this.#noise() * 256));
    return this.feed({ dtype, shape, data: dtype === 'int8' ? new Int8Array(raw.buffer) : raw });
  }

  /** A constant int64 vector (or scalar, with shape []). */
  list(values: readonly number[], shape?: readonly number[]): string {
    return this.initializer(int64(values, shape));
  }

  feed(tensor: Tensor): string {
    const name = `in${this.#inputs.length}`;
    this.#inputs.push({ name, tensor });
    return name;
  }

  /** Shape of a fed input. */
  shapeOf(input: string): readonly number[] {
    return this.#inputs.find(({ name }) => name === input)!.tensor.shape;
  }

  initializer(tensor: Tensor): string {
    const name = `w${this.#initializers.length}`;
    this.#initializers.push({ name, tensor });
    return name;
  }

  /** Adds a node whose outputs the graph does not show. */
  inner(op: string, inputs: readonly string[], attributes: Record<string, AttributeLike> = {}): string {
    return this.#add(op, inputs, attributes, 1)[0]!;
  }

  /** The same for a node of several outputs. */
  inners(op: string, inputs: readonly string[], attributes: Record<string, AttributeLike>, outputs: number): string[] {
    return this.#add(op, inputs, attributes, outputs);
  }

  /** Adds a node whose outputs are outputs of the graph. */
  node(op: string, inputs: readonly string[], attributes: Record<string, AttributeLike> = {}, outputs = 1): void {
    this.#outputs.push(...this.#add(op, inputs, attributes, outputs));
  }

  #add(op: string, inputs: readonly string[], attributes: Record<string, AttributeLike>, count: number): string[] {
    const outputs = Array.from({ length: count }, () => `t${this.#count++}`);
    this.#nodes.push({ op, inputs: [...inputs], attributes, outputs });
    return outputs;
  }

  finish(): Case {
    const feeds = Object.fromEntries(this.#inputs.map(({ name, tensor }) => [name, tensor]));
    // The reference says what the outputs look like.
    const results = runReference(this.#build({}), feeds, { precision: 'declared' });
    return { graph: this.#build(results), feeds, reals: this.#reals };
  }

  #build(outputs: Tensors): Graph {
    const b = new GraphBuilder(this.opset);
    for (const { name, tensor } of this.#inputs) b.input(name, tensor.dtype, tensor.shape);
    for (const { name, tensor } of this.#initializers) b.initializer(tensor, name);
    for (const { op, inputs, attributes, outputs } of this.#nodes) b.ops(op, inputs, attributes, outputs);
    for (const name of this.#outputs) b.output(name, outputs[name]?.dtype, outputs[name]?.shape);
    return b.build('case');
  }
}

/** The case as an arbitrary; it prints as its graph in short. */
export function caseOf(generator: CaseGenerator): fc.Arbitrary<Case> {
  // Unbiased: fast-check likes the ends of a range, and tensors of one element prove little.
  return fc.noBias(fc.gen()).map((draw) => {
    const sketch = new Sketch(draw);
    generator(sketch);
    return { ...sketch.finish(), [fc.toStringMethod]: () => 'case' };
  });
}

/** Operators, attributes and shapes of a case, for messages. */
export function describeCase({ graph, feeds }: Case): string {
  const shapes = new Map<string, readonly number[]>();
  for (const [name, t] of [...graph.initializers, ...Object.entries(feeds)]) shapes.set(name, t.shape);
  const nodes = graph.nodes.map((n) => {
    const attributes = Object.entries(n.attributes).map(([k, a]) => `${k}=${'value' in a ? String(a.value) : ''}`);
    const inputs = n.inputs.map((i) => `${i || '-'}${shapes.has(i) ? `[${shapes.get(i)}]` : ''}`);
    return `${n.op}(${inputs.join(', ')}; ${attributes.join(' ')})`;
  });
  return `opset ${graph.opsets.get('')}: ${nodes.join(' → ')}`;
}

function mulberry32(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
