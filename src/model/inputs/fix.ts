/** Makes inputs part of the model: their values become weights, as far as anything that reads them can tell. */
import { CutlineError } from '../../errors.ts';
import { bindDimensions } from '../bind.ts';
import { freshNames } from '../fresh.ts';
import type { Dim, Graph, Node, ValueInfo } from '../graph.ts';
import { int64, type Tensor } from '../tensor.ts';

/**
 * The graph without these inputs. Dimensions that they share with others by name are bound by their shapes. One is not: where
 * a fixed input has the batch of an input that stays, its one sample is repeated for every sample of that.
 * @param values by name, each of its input's type and shape (`readInputs`)
 * @param repeat false: that batch is bound to one like any other dimension
 * @throws CutlineError USAGE when no input is left, INPUT_SHAPE, SHAPE_CONFLICT
 */
export function fixInputs(graph: Graph, values: ReadonlyMap<string, Tensor>, repeat = true): Graph {
  if (values.size === 0) return graph;
  const free = graph.inputs.filter((v) => !values.has(v.name));
  if (free.length === 0) {
    throw new CutlineError('USAGE', {
      problem: '--input fixes every input, and nothing is left to cut. Leave one free.',
    });
  }
  const batches = new Map<string, string>();
  for (const { name, shape, unknown } of free) {
    const [first] = shape;
    if (!unknown && typeof first === 'string' && first !== '' && !batches.has(first)) batches.set(first, name);
  }
  const repeats: { readonly input: string; readonly axes: ReadonlyMap<number, string> }[] = [];
  const separate = (v: ValueInfo): ValueInfo => {
    const value = values.get(v.name);
    if (!value || v.unknown) return v;
    const axes = new Map<number, string>();
    const shape = v.shape.map((d, axis): Dim => {
      const source = typeof d === 'string' ? batches.get(d) : undefined;
      if (source === undefined) return d;
      if (value.shape[axis] !== 1) throw severalSamples(v, value, source);
      if (!repeat) return d;
      axes.set(axis, source);
      return '';
    });
    if (axes.size > 0) repeats.push({ input: v.name, axes });
    return { ...v, shape };
  };
  const separated = { ...graph, inputs: graph.inputs.map(separate) };
  // Without a prototype: an input may be called `constructor`.
  const shapes: Record<string, readonly number[]> = Object.create(null);
  for (const [name, t] of values) shapes[name] = t.shape;
  const bound = bindDimensions(separated, shapes);
  const initializers = new Map(bound.initializers);
  for (const [name, tensor] of values) initializers.set(name, tensor);
  const inputs = bound.inputs.filter((v) => !values.has(v.name));
  const nodes = repeated(bound, repeats, initializers);
  return { ...bound, inputs, nodes: [...nodes, ...bound.nodes], initializers };
}

function severalSamples({ name: input, shape }: ValueInfo, value: Tensor, source: string): CutlineError {
  const problem = `[${value.shape}] is more than one sample, and it shares its batch with ${source}; give one, which is repeated, or bind the batch with --shape`;
  return new CutlineError('INPUT_SHAPE', { input, declared: `${shape}`, problem });
}

/** Nodes that repeat a value along the batch of an input; the value moves to a name of its own. */
function repeated(
  graph: Graph,
  repeats: readonly { readonly input: string; readonly axes: ReadonlyMap<number, string> }[],
  initializers: Map<string, Tensor>,
): Node[] {
  const fresh = freshNames(graph);
  const nodes: Node[] = [];
  const node = (op: string, inputs: readonly string[], output: string, axis?: number): string => {
    const attributes = axis === undefined ? {} : { axis: { type: 'int', value: axis } as const };
    nodes.push({ name: fresh(`${output}/fixed`), op, domain: '', inputs, outputs: [output], attributes });
    return output;
  };
  const constant = (name: string, value: number): string => {
    initializers.set(name, int64([value]));
    return name;
  };
  for (const { input, axes } of repeats) {
    const value = initializers.get(input)!;
    const sample = fresh(`${input}/sample`);
    initializers.delete(input);
    initializers.set(sample, value);
    const dims = value.shape.map((d, axis) => {
      const source = axes.get(axis);
      if (source === undefined) return constant(fresh(`${input}/dim-${axis}`), d);
      const shape = node('Shape', [source], fresh(`${input}/shape-of-${source}`));
      return node('Gather', [shape, constant(fresh(`${input}/first`), 0)], fresh(`${input}/batch`), 0);
    });
    node('Expand', [sample, node('Concat', dims, fresh(`${input}/shape`), 0)], input);
  }
  return nodes;
}
