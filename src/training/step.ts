/** One training step as a graph: takes its batch from a table by a counter, so that an epoch is one loop inside the engine. */
import {
  type AdamOptions,
  adamStep,
  backward,
  Expressions,
  type Loss,
  learningRateInput,
  prune,
  type Term,
  writeForward,
} from '../autodiff/index.ts';
import { type DType, float32, type Graph, GraphBuilder, int64, type Tensor, type Tensors } from '../model/index.ts';

/** Rows from which batches are taken: shape [count, …]. */
export interface Table {
  readonly dtype: DType;
  readonly rowShape: readonly number[];
}

export interface StepSpec {
  /** Static batch, all shapes known, one input, one output; every float initializer is trained. */
  readonly network: Graph;
  readonly inputs: Table;
  readonly targets: Table;
  /** Turns rows of the inputs table into the network's input. Default: as they are. */
  readonly prepare?: (g: Expressions, rows: Term) => Term;
  /** @param output the network's output, of shape `shape` */
  readonly loss: (g: Expressions, output: Term, target: Term, shape: readonly number[]) => Loss;
  readonly adam?: AdamOptions;
}

export interface TrainingStep {
  readonly graph: Graph;
  readonly carry: Readonly<Record<string, string>>;
  readonly weights: readonly string[];
  /** What the first step is fed, tables, order and learning rate excluded. */
  readonly initial: Tensors;
}

export const feeds = {
  inputs: 'train:inputs',
  targets: 'train:targets',
  /** int64 [steps, batch]: which rows make up each batch. */
  order: 'train:order',
  /** int64 scalar: the step to take. */
  counter: 'train:counter',
  /** Sum of batch-mean losses since it was last fed as zero. */
  lossSum: 'train:loss-sum',
  learningRate: learningRateInput,
} as const;

export function trainingStep(spec: StepSpec): TrainingStep {
  const { network } = spec;
  const input = network.inputs[0]!;
  const output = network.outputs[0]!;
  const batch = input.shape[0] as number;
  const weights = [...network.initializers].filter(([, t]) => t.dtype === 'float32').map(([name]) => name);

  // The tables come first; the network's input becomes a row selection, its weights become inputs.
  const b = new GraphBuilder(network.opsets);
  b.input(feeds.inputs, spec.inputs.dtype, ['rows', ...spec.inputs.rowShape]);
  b.input(feeds.targets, spec.targets.dtype, ['rows', ...spec.targets.rowShape]);
  b.input(feeds.order, 'int64', ['steps', batch]);
  b.input(feeds.counter, 'int64', []);
  b.input(feeds.lossSum, 'float32', []);
  for (const name of weights) b.input(name, 'float32', network.initializers.get(name)!.shape);
  const g0 = new Expressions(b);
  const rows = b.op('Gather', [feeds.order, feeds.counter], { axis: 0 });
  const picked = b.op('Gather', [feeds.inputs, rows], { axis: 0 });
  b.op('Identity', [spec.prepare ? spec.prepare(g0, picked) : picked], {}, input.name);
  const target = b.op('Gather', [feeds.targets, rows], { axis: 0 });
  for (const node of network.nodes) b.node(node);
  for (const [name, tensor] of network.initializers) if (!weights.includes(name)) b.initializer(tensor, name);
  const values = new Map([...network.values, [input.name, input]]);
  const forward = writeForward({ ...b.build(network.name), values }, weights);

  const { g } = forward;
  const loss = spec.loss(g, output.name, target, forward.shape(output.name));
  const cotangent = g.mul(loss.cotangent, 1 / batch);
  const gradients = backward(forward, new Map([[output.name, cotangent]]), weights);
  const adam = adamStep(
    g,
    weights.map((name) => ({ name, gradient: gradients.get(name)!, shape: network.initializers.get(name)!.shape })),
    spec.adam,
  );
  const next = g.graph;
  const carry: Record<string, string> = { ...adam.carry };
  const keep = (name: string, value: Term, dtype: DType) => {
    const out = next.op('Identity', [value], {}, `${name}:next`);
    next.output(out, dtype, []);
    carry[out] = name;
  };
  keep(feeds.counter, next.op('Add', [feeds.counter, next.constant(1, 'int64')]), 'int64');
  keep(feeds.lossSum, g.add(feeds.lossSum, g.mul(g.sum(loss.value), 1 / batch)), 'float32');

  const initial: Record<string, Tensor> = { ...adam.initial };
  for (const name of weights) initial[name] = network.initializers.get(name)!;
  initial[feeds.counter] = int64([0], []);
  initial[feeds.lossSum] = float32([0], []);
  return { graph: prune(next.build(`${network.name}:step`)), carry, weights, initial };
}
