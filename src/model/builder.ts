/** Writes a graph node by node. Names that the caller does not give are made unique. */
import { freeName } from './fresh.ts';
import type { Attribute, Dim, Graph, Node, ValueInfo } from './graph.ts';
import { type DType, float32, int64, scalar, type Tensor } from './tensor.ts';

/** Attribute values as one would write them; integers become `int`, other numbers need `{ float: x }`. */
export type AttributeLike =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | Tensor
  | Attribute
  | { float: number };

export class GraphBuilder {
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #values = new Map<string, ValueInfo>();
  readonly #opsets: Map<string, number>;
  readonly #taken = new Set<string>();
  readonly #nodeNames = new Set<string>();
  readonly #cached = new Map<string, string>();
  #origin: Graph | undefined;
  #count = 0;
  readonly #next = () => ++this.#count;
  #purpose = '';

  constructor(opset: number | ReadonlyMap<string, number> = 17) {
    this.#opsets = typeof opset === 'number' ? new Map([['', opset]]) : new Map(opset);
  }

  /** A builder that starts with everything a graph has, except its outputs. */
  static from(graph: Graph): GraphBuilder {
    const b = new GraphBuilder(graph.opsets);
    b.#origin = graph;
    for (const v of graph.inputs) b.input(v.name, v.dtype, v.shape);
    for (const [name, t] of graph.initializers) b.initializer(t, name);
    for (const n of graph.nodes) b.node(n);
    for (const [name, v] of graph.values) b.#values.set(name, v);
    return b;
  }

  get opset(): number {
    return this.#opsets.get('') ?? 1;
  }

  has(name: string): boolean {
    return this.#taken.has(name);
  }

  /** What was written so far, in order. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  get inputs(): readonly ValueInfo[] {
    return this.#inputs;
  }

  /** The value of a tensor that has been given as an initializer. */
  initializerOf(name: string): Tensor | undefined {
    return this.#initializers.get(name);
  }

  /** Runs `write`; the operators it appends are named `purpose / output`, so that a node tells what it is there for. */
  within<T>(purpose: string, write: () => T): T {
    const outer = this.#purpose;
    this.#purpose = `${purpose} / `;
    try {
      return write();
    } finally {
      this.#purpose = outer;
    }
  }

  fresh(hint: string): string {
    // A node is named after its output, so the names of nodes are avoided too: exporters name tensors and nodes apart.
    const name = freeName(hint, (n) => this.#taken.has(n) || this.#nodeNames.has(n), this.#next);
    this.#taken.add(name);
    return name;
  }

  /** Marks a name as taken by a tensor that will be written later. */
  reserve(name: string): void {
    this.#taken.add(name);
  }

  input(name: string, dtype: DType, shape: readonly Dim[]): string {
    this.#taken.add(name);
    this.#inputs.push({ name, dtype, shape });
    return name;
  }

  initializer(tensor: Tensor, name?: string): string {
    const id = name ?? this.fresh('const');
    this.#taken.add(id);
    this.#initializers.set(id, tensor);
    return id;
  }

  /** A constant that is written once however often it is asked for. */
  constant(value: number | readonly number[], kind: 'float' | 'int64' = 'float'): string {
    const key = `${kind}:${Array.isArray(value) ? `[${value}]` : value}`;
    const known = this.#cached.get(key);
    if (known) return known;
    const list = typeof value === 'number' ? [value] : value;
    const shape = typeof value === 'number' ? [] : [list.length];
    const tensor =
      kind === 'int64' ? int64(list, shape) : typeof value === 'number' ? scalar(value) : float32(list, shape);
    const id = this.initializer(tensor);
    this.#cached.set(key, id);
    return id;
  }

  /** A name that another node has already is given a number: onnxruntime refuses two nodes of one name. */
  node(node: Node): void {
    for (const o of node.outputs) if (o) this.#taken.add(o);
    const name = freeName(node.name, (n) => n !== '' && this.#nodeNames.has(n), this.#next);
    this.#nodeNames.add(name);
    this.#nodes.push(name === node.name ? node : { ...node, name });
  }

  /** Appends an operator of the standard domain and returns the name of its first output. */
  op(op: string, inputs: readonly string[], attributes: Record<string, AttributeLike> = {}, output?: string): string {
    return this.ops(op, inputs, attributes, [output ?? this.fresh(op)])[0]!;
  }

  /** Like `op`, with all output names. */
  ops(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeLike>,
    outputs: readonly string[],
  ): readonly string[] {
    const attrs: Record<string, Attribute> = {};
    for (const [k, v] of Object.entries(attributes)) attrs[k] = attribute(v);
    // Copied: callers go on filling their lists.
    this.node({
      name: `${this.#purpose}${outputs[0] ?? ''}`,
      op,
      domain: '',
      inputs: [...inputs],
      outputs: [...outputs],
      attributes: attrs,
    });
    return outputs;
  }

  /** Without a shape the runtime infers it; without a type too. */
  output(name: string, dtype?: DType, shape?: readonly Dim[]): void {
    const unknown = dtype === undefined ? 'type' : shape === undefined ? 'shape' : undefined;
    this.#outputs.push({ name, dtype: dtype ?? 'float32', shape: shape ?? [], ...(unknown && { unknown }) });
  }

  build(name = 'cutline'): Graph {
    // What the graph it started from carries along (functions, sparse weights, notes) stays.
    return {
      ...this.#origin,
      name,
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      nodes: [...this.#nodes],
      initializers: new Map(this.#initializers),
      values: new Map(this.#values),
      opsets: new Map(this.#opsets),
      irVersion: this.#origin?.irVersion ?? 8,
    };
  }
}

function attribute(value: AttributeLike): Attribute {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw new TypeError(`write float attributes as { float: ${value} }`);
    return { type: 'int', value };
  }
  if (typeof value === 'string') return { type: 'string', value };
  if (Array.isArray(value)) {
    return typeof value[0] === 'string'
      ? { type: 'strings', value: value as string[] }
      : { type: 'ints', value: value as number[] };
  }
  if ('float' in value) return { type: 'float', value: value.float };
  if ('dtype' in value) return { type: 'tensor', value };
  return value as Attribute;
}
