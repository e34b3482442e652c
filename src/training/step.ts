/** One training step as a graph: takes its batch from tables by a counter, so that an epoch is one loop inside the engine. */
import {
  type AdamOptions,
  adamStep,
  backward,
  Expressions,
  type Loss,
  prune,
  requireSlope,
  type Term,
  writeForward,
} from '../autodiff/index.ts';
import {
  type DType,
  float32,
  type Graph,
  GraphBuilder,
  int64,
  namesOf,
  type Tensor,
  type Tensors,
} from '../model/index.ts';

/** Rows from which batches are taken: shape [count, …]. */
export interface Table {
  readonly dtype: DType;
  readonly rowShape: readonly number[];
  /** Turns rows of the table into the network's input. Default: as they are. */
  readonly prepare?: (g: Expressions, rows: Term) => Term;
}

export interface StepSpec {
  /** Static batch, all shapes known, one output; every float initializer that is not frozen is trained. */
  readonly network: Graph;
  /** One for each input of the network, by its name, and those that only the loss reads. */
  readonly tables: Readonly<Record<string, Table>>;
  readonly frozen?: ReadonlySet<string>;
  /**
   * Loss of each row from the network's output. Default: the output, of shape [batch], is the loss.
   * @param batchOf the rows of a table that are in the batch
   */
  readonly loss?: (g: Expressions, output: Term, batchOf: (table: string) => Term, shape: readonly number[]) => Loss;
  readonly adam?: Omit<AdamOptions, 'learningRate'>;
  /** How many times the learning rate a weight moves at. Default 1. */
  readonly pace?: (weight: string) => number;
}

export interface TrainingStep {
  readonly graph: Graph;
  readonly carry: Readonly<Record<string, string>>;
  readonly weights: readonly string[];
  /** What the first step is fed; tables, order and rates excluded. */
  readonly initial: Tensors;
}

export const feeds = {
  table: (name: string): string => `train:table:${name}`,
  /** int64 [steps, batch]: which rows make up each batch. */
  order: 'train:order',
  /** float32 [steps]: the learning rate of each step. */
  rates: 'train:rates',
  /** int64 scalar: the step to take. */
  counter: 'train:counter',
  /** Sum of batch-mean losses since it was last fed as zero. */
  lossSum: 'train:loss-sum',
} as const;

/** @throws CutlineError NO_GRADIENT_RULE where no weight has a say in the loss, or only through rounding */
export function trainingStep(spec: StepSpec): TrainingStep {
  const { network, tables, frozen } = spec;
  const output = network.outputs[0]!;
  const weights = [...network.initializers]
    .filter(([name, t]) => t.dtype === 'float32' && !frozen?.has(name))
    .map(([name]) => name);
  requireSlope(network, weights);

  // The tables come first; the network's inputs become rows of them, its weights become inputs.
  const b = new GraphBuilder(network.opsets);
  const batch = network.inputs[0]!.shape[0] as number;
  for (const [name, { dtype, rowShape }] of Object.entries(tables))
    b.input(feeds.table(name), dtype, ['rows', ...rowShape]);
  b.input(feeds.order, 'int64', ['steps', batch]);
  b.input(feeds.rates, 'float32', ['steps']);
  b.input(feeds.counter, 'int64', []);
  b.input(feeds.lossSum, 'float32', []);
  for (const name of weights) b.input(name, 'float32', network.initializers.get(name)!.shape);
  // What prepares rows is written first, and must not take the names of what comes.
  for (const name of namesOf(network)) b.reserve(name);
  const g0 = new Expressions(b);
  const rows = b.op('Gather', [feeds.order, feeds.counter], { axis: 0 });
  const rate = b.op('Gather', [feeds.rates, feeds.counter], { axis: 0 });
  const picked = new Map<string, Term>();
  for (const [name, { prepare }] of Object.entries(tables)) {
    const own = b.op('Gather', [feeds.table(name), rows], { axis: 0 });
    const ready = prepare ? prepare(g0, own) : own;
    const isInput = network.inputs.some((v) => v.name === name);
    picked.set(name, isInput ? b.op('Identity', [ready], {}, name) : ready);
  }
  for (const node of network.nodes) b.node(node);
  for (const [name, tensor] of network.initializers) if (!weights.includes(name)) b.initializer(tensor, name);
  const known = [...network.inputs, output].map((v) => [v.name, v] as const);
  const forward = writeForward({ ...b.build(network.name), values: new Map([...network.values, ...known]) }, weights);

  const { g } = forward;
  const shape = forward.shape(output.name);
  const one = (): Loss => ({ value: output.name, cotangent: g.expand(g.value(1), shape) });
  const loss = spec.loss ? spec.loss(g, output.name, (name) => picked.get(name)!, shape) : one();
  const cotangent = g.mul(loss.cotangent, 1 / batch);
  const gradients = backward(forward, new Map([[output.name, cotangent]]), weights);
  const parameters = weights.map((name) => ({
    name,
    gradient: gradients.get(name)!,
    shape: network.initializers.get(name)!.shape,
    pace: spec.pace?.(name),
  }));
  const adam = adamStep(g, parameters, { ...spec.adam, learningRate: rate });
  const next = g.graph;
  const carry: Record<string, string> = { ...adam.carry };
  const keep = (name: string, value: Term, dtype: DType) => {
    const out = next.op('Identity', [value], {}, `${name}:next`);
    next.output(out, dtype, []);
    carry[out] = name;
  };
  keep(feeds.counter, next.op('Add', [feeds.counter, next.constant(1, 'int64')]), 'int64');
  keep(feeds.lossSum, g.add(feeds.lossSum, g.mul(g.sum(loss.value), 1 / batch)), 'float32');

  const initial: Record<string, Tensor> = {
    ...adam.initial,
    ...Object.fromEntries(weights.map((name) => [name, network.initializers.get(name)!])),
    [feeds.counter]: int64([0], []),
    [feeds.lossSum]: float32([0], []),
  };
  return { graph: prune(next.build(`${network.name}:step`)), carry, weights, initial };
}
