/** A network as an immutable value. Transformations return new graphs. */
import type { DType, Tensor } from './tensor.ts';

/** A number, or the name of a symbolic dimension; '' where the file says nothing. */
export type Dim = number | string;

export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  /**
   * `shape`: the rank is not known either (shape is []). `type`: nothing is known; the runtime infers it. `opaque`: no tensor
   * that we can hold (a sequence, a map, an optional, an element type such as float8), so it is never sent.
   */
  readonly unknown?: 'shape' | 'type' | 'opaque';
  /** Encoded TypeProto of what is opaque, as far as the file declares it, for a lossless save. */
  readonly raw?: Uint8Array;
}

/** An attribute of a node. `raw` keeps, as encoded AttributeProto, what we do not read (sparse tensors, type protos). */
export type Attribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number | bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly (number | bigint)[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'raw'; readonly value: Uint8Array };

export interface Node {
  /** May be empty. */
  readonly name: string;
  readonly op: string;
  /** '' is the ONNX standard domain. */
  readonly domain: string;
  /** Which overload of a model-local function is meant (IR 10); left out when ''. */
  readonly overload?: string;
  /** '' marks an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A weight that is carried along as it is: sparse, or of an element type that we do not compute with (int4, float8). */
export interface Sealed {
  readonly kind: 'sparse' | 'dense';
  /** Encoded SparseTensorProto or TensorProto. */
  readonly proto: Uint8Array;
  /** How many numbers are stored, and in how many bytes. */
  readonly numbers: number;
  readonly bytes: number;
}

export interface Graph {
  readonly name: string;
  /** Real inputs only: initializers that old files also list as inputs are not repeated here. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** In topological order. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Types and shapes of inner tensors, as far as known. Filled completely by `inferShapes`. */
  readonly values: ReadonlyMap<string, ValueInfo>;
  /** Opset version by domain; '' is the standard one. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly irVersion: number;
  /** Model-local functions, kept as encoded FunctionProto. */
  readonly functions?: readonly Uint8Array[];
  /** Weights by name that are carried along unopened. */
  readonly sealed?: ReadonlyMap<string, Sealed>;
  /** The file's own key-value notes, kept. */
  readonly metadata?: ReadonlyMap<string, string>;
}

export function attrInt(node: Node, name: string, fallback: number): number;
export function attrInt(node: Node, name: string): number | undefined;
export function attrInt(node: Node, name: string, fallback?: number): number | undefined {
  const a = node.attributes[name];
  return a?.type === 'int' ? Number(a.value) : fallback;
}

export function attrFloat(node: Node, name: string, fallback: number): number {
  const a = node.attributes[name];
  return a?.type === 'float' ? a.value : fallback;
}

export function attrString(node: Node, name: string, fallback: string): string {
  const a = node.attributes[name];
  return a?.type === 'string' ? a.value : fallback;
}

export function attrInts(node: Node, name: string): number[] | undefined {
  const a = node.attributes[name];
  return a?.type === 'ints' ? a.value.map(Number) : undefined;
}

/** How a node is called in messages: its name where it has one, else its first output. */
export function nodeLabel(node: Node): string {
  return node.name || node.outputs[0] || node.op;
}
