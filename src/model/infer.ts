/** Types and shapes of every tensor, asked of the engine that will run the graph. */
import type { Engine, Session } from '../engine/engine.ts';
import { CutlineError } from '../errors.ts';
import { bindBatch, requireBound } from './bind.ts';
import type { Dim, Graph, Node, ValueInfo } from './graph.ts';
import { emptyData } from './onnx/dtype.ts';
import { sizeOf, type Tensor } from './tensor.ts';
import { fixedShape } from './values.ts';

/** Larger float weights are declared, not sent, when only shapes are asked for: their values do not matter. */
const smallWeight = 1024;

/** Operators whose outputs are no tensors. */
const noTensors = new Set([
  'SequenceAt',
  'SequenceConstruct',
  'SequenceEmpty',
  'SequenceErase',
  'SequenceInsert',
  'SequenceMap',
  'SplitToSequence',
  'Optional',
  'ZipMap',
]);

/**
 * The same graph with `values` (and the shapes of outputs) filled in. Where a shape depends on data, the graph is run
 * once on zeros and the shape found there is taken.
 * @throws CutlineError SHAPE_UNBOUND when an input dimension is symbolic, ENGINE_LOAD when the graph makes no sense
 */
export async function inferShapes(graph: Graph, engine: Engine): Promise<Graph> {
  requireBound(graph);
  const asked = graph.nodes.filter((n) => !noTensors.has(n.op)).flatMap((n) => n.outputs.filter((o) => o !== ''));
  // Inputs that are handed through: the engine takes no graph without outputs.
  if (asked.length === 0) return { ...graph, values: new Map() };
  const known = new Map<string, ValueInfo>();
  for (const v of await inferred(engine, declared(graph, asked))) known.set(v.name, v);
  // An unknown rank looks like a scalar. The rank of a tensor is the length of its Shape, which tells them apart.
  const scalars = asked.filter((name) => known.get(name)?.shape.length === 0);
  const ranks = await ranksOf(graph, scalars, engine);
  const open = asked.filter((name) => !fixedShape(known.get(name)) || (ranks.has(name) && ranks.get(name) !== 0));
  if (open.length > 0) {
    await withSession(engine, withOutputs(graph, open), async (s) => {
      const results = await s.run(zeros(graph), { outputs: open });
      for (const [name, t] of Object.entries(results)) known.set(name, { name, dtype: t.dtype, shape: t.shape });
    });
  }
  const missing = new Map(graph.nodes.filter((n) => noTensors.has(n.op)).flatMap((n) => n.outputs.map((o) => [o, n])));
  const outputs = graph.outputs.map((v) => known.get(v.name) ?? v);
  const values = new Map([...graph.values].filter(([name]) => missing.has(name)));
  for (const name of asked) values.set(name, known.get(name)!);
  return { ...graph, outputs, values };
}

/**
 * Like `inferShapes`, for a graph whose inputs are bound but for the batch: a dimension that grows with it gets the
 * batch's name, `batch` or `12*batch`. Found by comparing batches 2 and 3.
 */
export async function inferBatchShapes(graph: Graph, engine: Engine): Promise<Graph> {
  const two = await inferShapes(bindBatch(graph, 2), engine);
  const three = await inferShapes(bindBatch(graph, 3), engine);
  const symbol = graph.inputs.map((v) => v.shape[0]).find((d) => typeof d === 'string') || 'batch';
  const dim = (a: Dim, b: Dim | undefined): Dim => {
    if (a === b) return a;
    if (typeof a !== 'number' || typeof b !== 'number' || a * 3 !== b * 2) return '';
    return a === 2 ? symbol : `${a / 2}*${symbol}`;
  };
  const joined = (v: ValueInfo): ValueInfo => {
    const other = three.values.get(v.name);
    if (!other || other.shape.length !== v.shape.length) return { ...v, shape: [], unknown: 'shape' };
    return { ...v, shape: v.shape.map((d, i) => dim(d, other.shape[i])) };
  };
  const values = new Map([...two.values].map(([name, v]) => [name, joined(v)]));
  return { ...graph, values, outputs: graph.outputs.map((v) => values.get(v.name) ?? v) };
}

/** What the engine infers for the outputs of a graph that is not run. */
async function inferred(engine: Engine, graph: Graph): Promise<readonly ValueInfo[]> {
  const look = (optimization: 'basic' | 'disabled') => withSession(engine, graph, (s) => s.outputs, optimization);
  try {
    // `basic` folds shape arithmetic and infers again: transformers then need not be run (28 s became 2 s for ViT-B/16).
    return await look('basic');
  } catch (error) {
    if (!(error instanceof CutlineError) || error.code !== 'ENGINE_LOAD') throw error;
    return look('disabled');
  }
}

async function withSession<T>(
  engine: Engine,
  graph: Graph,
  use: (session: Session) => T | Promise<T>,
  optimization: 'basic' | 'disabled' = 'disabled',
): Promise<T> {
  const session = await engine.load(graph, { optimization });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

function withOutputs(graph: Graph, names: readonly string[]): Graph {
  const outputs = names.map((name): ValueInfo => ({ name, dtype: 'float32', shape: [], unknown: 'type' }));
  return { ...graph, outputs, values: new Map() };
}

/** The graph with these outputs, its large weights declared as inputs: quick to load, not to be run. */
function declared(graph: Graph, names: readonly string[]): Graph {
  const large = [...graph.initializers].filter(([, t]) => t.dtype.startsWith('float') && t.data.length > smallWeight);
  const initializers = new Map(graph.initializers);
  const inputs = [...graph.inputs];
  for (const [name, { dtype, shape }] of large) {
    initializers.delete(name);
    inputs.push({ name, dtype, shape });
  }
  return { ...withOutputs(graph, names), inputs, initializers };
}

/** Ranks of tensors by name, as far as the engine can infer them. */
async function ranksOf(
  graph: Graph,
  names: readonly string[],
  engine: Engine,
): Promise<Map<string, number | undefined>> {
  if (names.length === 0) return new Map();
  const output = (name: string) => `${name}/cutline-shape`;
  const shapes = names.map(
    (name): Node => ({ name: '', op: 'Shape', domain: '', inputs: [name], outputs: [output(name)], attributes: {} }),
  );
  const asking = { ...graph, nodes: [...graph.nodes, ...shapes] };
  const lengths = new Map<string, Dim | undefined>();
  for (const v of await inferred(engine, declared(asking, names.map(output)))) lengths.set(v.name, v.shape[0]);
  return new Map(
    names.map((name) => {
      const length = lengths.get(output(name));
      return [name, typeof length === 'number' ? length : undefined];
    }),
  );
}

/** Zeros for every input: they only have to fit. */
function zeros(graph: Graph): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const v of graph.inputs) {
    const shape = fixedShape(v);
    if (!shape) throw new CutlineError('SHAPE_UNKNOWN', { tensor: v.name });
    feeds[v.name] = { dtype: v.dtype, shape, data: emptyData(v.dtype, sizeOf(shape)) };
  }
  return feeds;
}
