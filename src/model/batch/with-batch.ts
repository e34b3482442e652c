/** The same network for another batch, also where the export fixed it. */
import { CutlineError } from '../../errors.ts';
import { bindBatch, hasSymbolicBatch } from '../bind.ts';
import { dependences } from '../dependence.ts';
import { type Attribute, type Graph, type Node, nodeLabel, type ValueInfo } from '../graph.ts';
import { bodies } from '../reads.ts';
import { asNumbers, int64, type Tensor } from '../tensor.ts';
import { allValues, fixedShape } from '../values.ts';
import type { Place } from './place.ts';
import { batchRules } from './rules.ts';

/**
 * A graph that takes `batch` samples at once. A symbolic batch is bound. A fixed one is changed in the inputs and in the
 * constants that hard-code it (targets of Reshape, Expand and Resize; a learnt token beside the batch is repeated),
 * following the batch through every operator; for this the graph's shapes must be inferred (`inferShapes`).
 * Inner shapes are dropped: infer them again.
 * @throws CutlineError BATCH_IMPOSSIBLE naming the node or tensor
 */
export function withBatch(graph: Graph, batch: number): Graph {
  if (hasSymbolicBatch(graph)) return { ...bindBatch(graph, batch), values: new Map() };
  const now = graph.inputs[0]?.shape[0];
  const impossible = (problem: string): never => {
    throw new CutlineError('BATCH_IMPOSSIBLE', { batch, problem });
  };
  if (typeof now !== 'number' || graph.inputs.some((v) => v.shape[0] !== now)) {
    return impossible('its inputs do not all start with the same batch');
  }
  if (now === batch) return graph;
  return new Rebatcher(graph, now, batch).run();
}

class Rebatcher {
  readonly #graph: Graph;
  readonly #from: number;
  readonly #to: number;
  readonly #values: ReadonlyMap<string, ValueInfo>;
  readonly #kinds;
  readonly #places = new Map<string, Place>();
  readonly #constants = new Map<string, Tensor>();
  readonly #written: Map<string, Tensor>;
  readonly #nodes: Node[] = [];

  constructor(graph: Graph, from: number, to: number) {
    this.#graph = graph;
    this.#from = from;
    this.#to = to;
    this.#values = allValues(graph);
    this.#kinds = dependences(graph);
    this.#written = new Map(graph.initializers);
    for (const n of graph.nodes) {
      const t = n.op === 'Constant' ? constantOf(n.attributes) : undefined;
      if (t) this.#written.set(n.outputs[0]!, t);
    }
  }

  run(): Graph {
    const graph = this.#graph;
    for (const v of graph.inputs) this.#places.set(v.name, { axis: 0, outer: 1 });
    for (const n of graph.nodes) {
      if (n.outputs.some((o) => this.#kinds.get(o) === 'data')) this.#follow(n);
      else this.#nodes.push(n);
    }
    const resize = (v: ValueInfo): ValueInfo => {
      const p = this.#places.get(v.name);
      return { ...v, shape: v.shape.map((d, i) => (i === p?.axis && typeof d === 'number' ? this.#scaled(d) : d)) };
    };
    return {
      ...graph,
      inputs: graph.inputs.map(resize),
      outputs: graph.outputs.map(resize),
      nodes: this.#nodes,
      initializers: new Map([...graph.initializers, ...this.#constants]),
      values: new Map(),
    };
  }

  #scaled = (value: number): number => (value / this.#from) * this.#to;

  #shape(name: string | undefined): readonly number[] | undefined {
    if (!name) return undefined;
    const shape = fixedShape(this.#values.get(name));
    if (!shape) {
      const problem = `the shape of tensor ${name} depends on what the model sees`;
      throw new CutlineError('BATCH_IMPOSSIBLE', { batch: this.#to, problem });
    }
    return shape;
  }

  #follow(node: Node): void {
    const impossible = (problem: string) =>
      new CutlineError('BATCH_IMPOSSIBLE', {
        batch: this.#to,
        problem: `node ${nodeLabel(node)} (${node.op}): ${problem}`,
      });
    const rule = node.domain === '' && bodies(node).length === 0 ? batchRules.get(node.op) : undefined;
    if (!rule) throw impossible('it is not known whether it mixes the batch');
    const inputs = [...node.inputs];
    const outputShape = this.#shape(node.outputs.find((o) => o !== ''))!;
    const place = rule({
      node,
      opset: this.#graph.opsets.get('') ?? 1,
      batch: this.#from,
      outputShape,
      shape: (i) => this.#shape(node.inputs[i]),
      place: (i) => this.#places.get(node.inputs[i] ?? ''),
      integers: (i) => {
        const name = node.inputs[i];
        if (!name) return undefined;
        const t = this.#written.get(name);
        if (t?.dtype === 'int64' || t?.dtype === 'int32') return asNumbers(t);
        return this.#kinds.get(name) === 'shape' ? 'computed' : undefined;
      },
      rewrite: (i, values) => {
        inputs[i] = this.#constant(`${nodeLabel(node)}/batch-${i}`, values);
      },
      repeat: (i, axis) => {
        const name = node.inputs[i]!;
        const output = `${nodeLabel(node)}/batch-${i}`;
        const target = this.#shape(name)!.map((d, j) => (j === axis ? this.#to : d));
        const shape = this.#constant(`${output}-shape`, target);
        this.#nodes.push({
          name: output,
          op: 'Expand',
          domain: '',
          inputs: [name, shape],
          outputs: [output],
          attributes: {},
        });
        inputs[i] = output;
      },
      scaled: this.#scaled,
    });
    if (typeof place === 'string') throw impossible(place);
    for (const o of node.outputs) if (o) this.#places.set(o, place);
    this.#nodes.push({ ...node, inputs });
  }

  #constant(name: string, values: readonly number[]): string {
    this.#constants.set(name, int64(values));
    return name;
  }
}

function constantOf(attributes: Readonly<Record<string, Attribute>>): Tensor | undefined {
  const { value, value_int: one, value_ints: list } = attributes;
  if (value?.type === 'tensor') return value.value;
  if (list?.type === 'ints') return int64(list.value.map(Number));
  return one?.type === 'int' ? int64([Number(one.value)], []) : undefined;
}
