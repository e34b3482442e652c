/** Gives numbers to symbolic dimensions. */
import { CutlineError } from '../errors.ts';
import { own } from '../own.ts';
import { type Expression, evaluate, namesIn, solveFor } from './dims/expression.ts';
import { multipleOf, type Symbols, symbolsOf } from './dims/symbols.ts';
import type { Attribute, Dim, Graph, Node, ValueInfo } from './graph.ts';

/** Shapes by input name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * Reads `input=1,3,32,32`; the name may be left out when the model has one input. A length of zero is one.
 * @throws CutlineError USAGE
 */
export function parseShapes(texts: readonly string[], graph: Graph): Shapes {
  const shapes = new Map<string, number[]>();
  for (const text of texts) {
    const at = text.lastIndexOf('=');
    const name = at >= 0 ? text.slice(0, at) : graph.inputs.length === 1 ? graph.inputs[0]!.name : undefined;
    const dims = text.slice(at + 1).split(/[,x]/);
    if (name === undefined || !dims.every((d) => /^(0|[1-9]\d{0,8})$/.test(d))) {
      throw new CutlineError('USAGE', { problem: `--shape ${text}: write it as input=1,3,32,32.` });
    }
    shapes.set(name, dims.map(Number));
  }
  return Object.fromEntries(shapes);
}

/**
 * Binds dimensions by the shapes of inputs, everywhere they are named, also in bodies, and with them those that are
 * arithmetic over them (`2*batch`). Inputs not mentioned stay.
 * @throws CutlineError SHAPE_CONFLICT, SHAPE_INPUT_UNKNOWN
 */
export function bindDimensions(graph: Graph, shapes: Shapes): Graph {
  const symbols = symbolsOf(graph);
  const equations: Equation[] = [];
  for (const [input, shape] of Object.entries(shapes)) {
    const declared = graph.inputs.find((v) => v.name === input);
    if (!declared) {
      throw new CutlineError('SHAPE_INPUT_UNKNOWN', { input, inputs: graph.inputs.map((v) => v.name).join(', ') });
    }
    const refuse = (problem: string): never => {
      const given = shape.join(',');
      throw new CutlineError('SHAPE_CONFLICT', { given, input, declared: declared.shape.join(','), problem });
    };
    if (declared.unknown === 'opaque') refuse('it takes no plain tensor');
    if (declared.unknown) continue;
    if (declared.shape.length !== shape.length) refuse(`it has ${declared.shape.length} dimensions`);
    declared.shape.forEach((d, i) => {
      const n = shape[i]!;
      if (typeof d === 'number' && d !== n) refuse(`dimension ${i} is fixed to ${d}`);
      if (typeof d === 'string' && d !== '') equations.push({ dim: d, meaning: symbols.meaning(d), n, refuse });
    });
  }
  const bound = solve(equations);
  const inputs = graph.inputs.map((v): ValueInfo => {
    const shape = own(shapes, v.name);
    return shape ? { name: v.name, dtype: v.dtype, shape } : v;
  });
  return substitute({ ...graph, inputs }, bound, symbols);
}

interface Equation {
  readonly dim: string;
  readonly meaning: Expression;
  readonly n: number;
  readonly refuse: (problem: string) => never;
}

/** Numbers for names, as far as the equations say; one after the other, since one number makes the next equation simpler. */
function solve(equations: readonly Equation[]): Map<string, number> {
  const bound = new Map<string, number>();
  let open = equations;
  for (let before = -1; open.length !== before; ) {
    before = open.length;
    open = open.filter(({ dim, meaning, n, refuse }) => {
      const [name, ...more] = [...namesIn(meaning)].filter((s) => !bound.has(s));
      if (more.length > 0) return true;
      if (name === undefined) {
        const is = evaluate(meaning, bound);
        if (is !== n) refuse(`dimension ${dim} is ${is} elsewhere`);
        return false;
      }
      const value = solveFor(meaning, name, n, bound);
      if (value !== undefined) bound.set(name, value);
      else if (multipleOf(meaning)) refuse(`dimension ${dim} cannot be ${n}`);
      return value === undefined;
    });
  }
  return bound;
}

/** The graph with names that have numbers replaced. */
function substitute(graph: Graph, bound: ReadonlyMap<string, number>, symbols: Symbols): Graph {
  if (bound.size === 0) return graph;
  const known = new Map<string, Dim>();
  const dim = (d: Dim): Dim => {
    if (typeof d === 'number' || d === '') return d;
    if (!known.has(d)) {
      const n = evaluate(symbols.meaning(d), bound);
      known.set(d, n !== undefined && Number.isSafeInteger(n) && n >= 0 ? n : d);
    }
    return known.get(d)!;
  };
  return mapDimensions(graph, dim);
}

/** The graph with other dimensions, in inputs, outputs, inner shapes and bodies. */
export function mapDimensions(graph: Graph, dim: (d: Dim) => Dim): Graph {
  const value = (v: ValueInfo): ValueInfo => ({ ...v, shape: v.shape.map(dim) });
  const inside = (g: Graph): Graph => ({
    ...g,
    inputs: g.inputs.map(value),
    outputs: g.outputs.map(value),
    values: new Map([...g.values].map(([name, v]) => [name, value(v)])),
    nodes: g.nodes.map((n) => withBodies(n, inside)),
  });
  return inside(graph);
}

function withBodies(node: Node, change: (body: Graph) => Graph): Node {
  const entries = Object.entries(node.attributes);
  if (!entries.some(([, a]) => a.type === 'graph')) return node;
  const attributes = entries.map(([name, a]): [string, Attribute] => [
    name,
    a.type === 'graph' ? { type: 'graph', value: change(a.value) } : a,
  ]);
  return { ...node, attributes: Object.fromEntries(attributes) };
}

/** Names of leading dimensions: of batches, each its own. `2*batch` is one of `batch`. */
export function batchNames(graph: Graph): readonly string[] {
  const { meaning } = symbolsOf(graph);
  const leading = graph.inputs.flatMap((v) => {
    const first = v.unknown ? undefined : v.shape[0];
    return typeof first === 'string' && first !== '' ? (multipleOf(meaning(first))?.name ?? []) : [];
  });
  return [...new Set(leading)];
}

/**
 * Binds what is left of the leading dimension of each input, where it is symbolic, to the same number.
 * Other symbolic dimensions are left for `requireBound` to name.
 */
export function bindBatch(graph: Graph, batch: number): Graph {
  return bindNames(graph, new Map(batchNames(graph).map((name) => [name, batch])), batch);
}

/** @param unnamed for leading dimensions of which the file says nothing; left as they are without */
export function bindNames(graph: Graph, numbers: ReadonlyMap<string, number>, unnamed?: number): Graph {
  const inputs = graph.inputs.map((v): ValueInfo => {
    if (v.unknown || v.shape[0] !== '' || unnamed === undefined) return v;
    return { ...v, shape: [unnamed, ...v.shape.slice(1)] };
  });
  return substitute({ ...graph, inputs }, numbers, symbolsOf(graph));
}

/**
 * Gives the symbolic dimensions of the one input these numbers, except its leading one: a network for pictures of any size
 * becomes one for pictures of this size, still for any batch. What does not fit is left as it is.
 * @param shape of the input, batch first
 */
export function bindAllButBatch(graph: Graph, shape: readonly number[]): Graph {
  const [input, ...others] = graph.inputs;
  if (!input || input.unknown || others.length > 0 || input.shape.length !== shape.length) return graph;
  const [batch] = input.shape;
  const symbols = symbolsOf(graph);
  const bound = new Map<string, number>();
  for (const [i, d] of input.shape.entries()) {
    if (i === 0 || typeof d !== 'string' || d === '') continue;
    // One name for two sizes, or for batch and size: nothing that this may decide.
    if (d === batch || (bound.get(d) ?? shape[i]) !== shape[i]) return graph;
    bound.set(d, shape[i]!);
  }
  const dims = input.shape.map((d, i) => (i > 0 && typeof d === 'string' ? shape[i]! : d));
  return { ...substitute(graph, bound, symbols), inputs: [{ ...input, shape: dims }] };
}

/** Is a leading dimension symbolic? */
export function hasSymbolicBatch(graph: Graph): boolean {
  return graph.inputs.some((v) => !v.unknown && typeof v.shape[0] === 'string');
}

/**
 * Checks that every input dimension is a number. Inputs that are no tensors have none.
 * @throws CutlineError SHAPE_UNBOUND with the option to pass
 */
export function requireBound(graph: Graph): void {
  for (const v of graph.inputs) {
    if (v.unknown === 'opaque') continue;
    if (v.unknown) {
      throw new CutlineError('SHAPE_UNBOUND', { dim: '(all)', input: v.name, example: `${v.name}=1,…` });
    }
    const i = v.shape.findIndex((d) => typeof d === 'string');
    if (i < 0) continue;
    const shown = v.shape.map((d, j) => (typeof d === 'number' ? d : j === 0 ? 1 : `<${d || `dim${j}`}>`));
    const dim = v.shape[i] || `number ${i}`;
    throw new CutlineError('SHAPE_UNBOUND', { dim, input: v.name, example: `"${v.name}=${shown.join(',')}"` });
  }
}
