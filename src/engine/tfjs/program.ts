/** Walks a graph node by node. Every value is freed after its last reader; weights stay. */
import { type Graph, type Node, nodeLabel } from '../../model/graph.ts';
import { bodies, reads } from '../../model/reads.ts';
import type { DType } from '../../model/tensor.ts';
import { Stopped } from '../remote/failure.ts';
import type { Call, Operator, Result, Typed } from './call.ts';
import type { Tf, TfTensor } from './library.ts';
import { operators } from './operators/index.ts';
import { heldAs, Value } from './value.ts';

type Scope = Map<string, Value>;

interface Step {
  readonly node: Node;
  readonly operator: Operator;
  /** Tensors that nobody reads afterwards. */
  readonly last: readonly string[];
}

export class Program {
  readonly graph: Graph;
  readonly #tf: Tf;
  readonly #weights: ReadonlyMap<string, Value>;
  readonly #prepared = new Map<string, TfTensor>();
  readonly #preparedTensors = new Set<TfTensor>();
  readonly #steps = new Map<string, readonly Step[]>();

  /** @throws Error naming node and operator where one is not covered */
  constructor(tf: Tf, graph: Graph) {
    checkOperators(graph);
    this.#tf = tf;
    this.graph = graph;
    this.#weights = new Map([...graph.initializers].map(([name, t]) => [name, Value.from(tf, t)]));
  }

  /** The feeds stay the caller's; the results become the caller's. */
  run(
    feeds: Readonly<Record<string, Value>>,
    outputs: readonly string[],
    stopped: () => boolean,
  ): Record<string, Value> {
    const given = new Map([...this.#weights, ...Object.entries(feeds)]);
    const key = outputs.join('\0');
    const steps = this.#steps.get(key) ?? stepsFor(this.graph.nodes, outputs);
    this.#steps.set(key, steps);
    const made = this.#walk(steps, given, new Set(outputs), stopped);
    // Two outputs may be one tensor, and an output may be a feed or a weight.
    return Object.fromEntries(outputs.map((name) => [name, made.get(name) ?? given.get(name)!.copy()]));
  }

  dispose(): void {
    for (const value of this.#weights.values()) value.dispose();
    for (const tensor of this.#prepared.values()) tensor.dispose();
    this.#prepared.clear();
  }

  /** @returns what was made and is wanted; all else that was made is freed, also when something fails. */
  #walk(steps: readonly Step[], given: Scope, wanted: ReadonlySet<string>, stopped: () => boolean): Scope {
    const made: Scope = new Map();
    const find = (name: string) => made.get(name) ?? given.get(name);
    try {
      for (const step of steps) {
        if (stopped()) throw new Stopped();
        const results = this.#compute(step, find, () => new Map([...given, ...made]), stopped);
        step.node.outputs.forEach((name, i) => {
          const result = results[i];
          if (result && name) made.set(name, Value.holding(this.#tf, result.dtype, result.tensor));
          else result?.tensor.dispose();
        });
        for (const name of step.last) {
          if (wanted.has(name)) continue;
          made.get(name)?.dispose();
          made.delete(name);
        }
      }
      return made;
    } catch (error) {
      for (const value of made.values()) value.dispose();
      throw error;
    }
  }

  #compute(
    { node, operator }: Step,
    find: (name: string) => Value | undefined,
    scope: () => Scope,
    stopped: () => boolean,
  ): readonly Typed[] {
    const inputs = node.inputs.map((name) => (name ? find(name) : undefined));
    const call: Call = {
      tf: this.#tf,
      node,
      opset: this.graph.opsets.get('') ?? 1,
      inputs,
      body: (graph) => this.#body(graph, scope(), stopped),
      prepared: (i, form, make) => this.#prepare(node.inputs[i]!, inputs[i]!, form, make),
    };
    try {
      return this.#tf.tidy(() => {
        const results = [operator(call)].flat() as Result[];
        return results.map((r) => this.#owned(typed(r, inputs), inputs));
      });
    } catch (error) {
      if (error instanceof Stopped) throw error;
      const problem = error instanceof Error ? error.message : String(error);
      throw new Error(`node ${nodeLabel(node)} (${node.op}): ${problem}`, { cause: error });
    }
  }

  /** A result must not be freed twice: one that is an input itself is held a second time. */
  #owned(result: Typed, inputs: readonly (Value | undefined)[]): Typed {
    const isInput = inputs.some((v) => v?.holds(result.tensor));
    const isPrepared = this.#preparedTensors.has(result.tensor);
    return isInput || isPrepared ? { ...result, tensor: result.tensor.clone() } : result;
  }

  #prepare(name: string, value: Value, form: string, make: (x: TfTensor) => TfTensor): TfTensor {
    if (!this.#weights.has(name)) return make(value.tensor);
    const key = `${name}\0${form}`;
    const known = this.#prepared.get(key);
    if (known) return known;
    const made = make(value.tensor);
    const own = this.#tf.keep(made === value.tensor ? made.clone() : made);
    this.#prepared.set(key, own);
    this.#preparedTensors.add(own);
    return own;
  }

  #body(graph: Graph, outer: Scope, stopped: () => boolean): readonly Typed[] {
    const weights = new Map([...graph.initializers].map(([name, t]) => [name, Value.from(this.#tf, t)]));
    const outputs = graph.outputs.map((o) => o.name);
    const given = new Map([...outer, ...weights]);
    try {
      const made = this.#walk(stepsFor(graph.nodes, outputs), given, new Set(outputs), stopped);
      return outputs.map((name) => {
        const value = made.get(name) ?? given.get(name)!;
        return { dtype: value.dtype, tensor: value.tensor.clone() };
      });
    } finally {
      for (const value of weights.values()) value.dispose();
    }
  }
}

/** The nodes that the outputs need, each with what may be freed after it. */
function stepsFor(nodes: readonly Node[], outputs: readonly string[]): readonly Step[] {
  const needed = new Set(outputs);
  const read = new Set<string>();
  const steps: Step[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    const touched = new Set([...reads(node), ...node.outputs.filter((name) => name !== '')]);
    steps.push({ node, operator: operators[node.op]!, last: [...touched].filter((name) => !read.has(name)) });
    for (const name of touched) read.add(name);
    for (const name of reads(node)) needed.add(name);
  }
  return steps.reverse();
}

function checkOperators(graph: Graph): void {
  for (const node of graph.nodes) {
    const standard = node.domain === '' || node.domain === 'ai.onnx';
    if (!standard || !Object.hasOwn(operators, node.op)) {
      const op = standard ? node.op : `${node.domain}.${node.op}`;
      throw new Error(`node ${nodeLabel(node)}: the tfjs engine has no operator ${op}`);
    }
    for (const body of bodies(node)) checkOperators(body);
  }
}

/** A bare tensor has the type of the first input that is held the same way. */
function typed(result: Result, inputs: readonly (Value | undefined)[]): Typed {
  if ('tensor' in result) return result;
  const like = inputs.find((v) => v && heldAs(v.dtype) === result.dtype)?.dtype;
  const usual: DType = result.dtype === 'int32' ? 'int64' : result.dtype === 'bool' ? 'bool' : 'float32';
  return { dtype: like ?? usual, tensor: result };
}
