/** Divides a graph at a cut. Nodes keep their order and names, so head and tail compute exactly what the whole does. */
import { CutlineError } from '../errors.ts';
import { dependences, isShapeOf } from './dependence.ts';
import type { Graph, Node, ValueInfo } from './graph.ts';
import { describeType } from './onnx/describe.ts';
import { reads } from './reads.ts';
import { shapeWithout } from './shape-of.ts';
import type { Tensor } from './tensor.ts';
import { allValues, isHeld } from './values.ts';

export interface Split {
  /** From the model's inputs to the tensors of the cut. */
  readonly head: Graph;
  /** From the tensors of the cut to the model's outputs. */
  readonly tail: Graph;
}

/** A side of the cut as it is gathered. */
interface Side {
  readonly name: string;
  /** What may enter. */
  readonly entries: ReadonlyMap<string, ValueInfo>;
  readonly outputs: readonly ValueInfo[];
}

/**
 * Shape arithmetic is computed again on the side that needs it. Where it starts from the shape of a tensor that side
 * does not have, that shape is written in as a constant when it is fixed; where only the batch is symbolic (see
 * `inferBatchShapes`) it is built from the batch of a tensor of the cut.
 * A tensor of the cut that is an output of the model as well goes through the tail untouched.
 *
 * @param cut what `findCuts` found, or any set of tensors that separates inputs from outputs
 * @throws CutlineError CUT_INVALID when the tensors separate nothing, CUT_UNSENDABLE, SHAPE_UNKNOWN
 */
export function split(graph: Graph, cut: { readonly tensors: readonly { readonly name: string }[] }): Split {
  const values = allValues(graph);
  const payload = cut.tensors.map(({ name }): ValueInfo => {
    const v = values.get(name);
    if (!v || v.unknown === 'type') throw new CutlineError('SHAPE_UNKNOWN', { tensor: name });
    if (!isHeld(v)) {
      const type = v.raw ? describeType(v.raw) : v.unknown ? 'no tensor' : v.dtype;
      throw new CutlineError('CUT_UNSENDABLE', { cut: cut.tensors.map((t) => t.name).join('+'), tensor: name, type });
    }
    return v;
  });
  const id = payload.map((v) => v.name).join('+');
  const inputs = new Map(graph.inputs.map((v) => [v.name, v]));
  const sent = new Map(payload.map((v) => [v.name, v]));
  const gather = gatherer(graph, values, id);
  return {
    head: gather({ name: `${graph.name}-head`, entries: inputs, outputs: payload }),
    tail: gather({ name: `${graph.name}-tail`, entries: sent, outputs: graph.outputs }),
  };
}

function gatherer(graph: Graph, values: ReadonlyMap<string, ValueInfo>, id: string): (side: Side) => Graph {
  const kinds = dependences(graph);
  const producers = new Map<string, number>();
  graph.nodes.forEach((n, i) => {
    for (const o of n.outputs) if (o) producers.set(o, i);
  });
  return (side) => {
    const kept = new Set<number>();
    const entered = new Set<string>();
    const queue = side.outputs.map((v) => v.name);
    const shapesOf = new Set<number>();
    const visit = () => {
      for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
        if (side.entries.has(name)) {
          entered.add(name);
          continue;
        }
        const i = producers.get(name);
        if (i === undefined) {
          if (kinds.get(name) !== 'constant') {
            throw new CutlineError('CUT_INVALID', { cut: id, problem: `an output still needs input ${name}` });
          }
          continue;
        }
        if (kept.has(i)) continue;
        kept.add(i);
        const node = graph.nodes[i]!;
        // Whether the side has the tensor whose shape is asked for is known only at the end.
        if (isShapeOf(node) && kinds.get(node.outputs[0]!) === 'shape') shapesOf.add(i);
        else queue.push(...reads(node));
      }
    };
    visit();
    const has = (name: string) => side.entries.has(name) || kept.has(producers.get(name) ?? -1);
    const constants = new Map<string, Tensor>();
    const replaced = new Map<number, readonly Node[]>();
    for (const i of [...shapesOf].sort((a, b) => a - b)) {
      const node = graph.nodes[i]!;
      const subject = node.inputs[0]!;
      if (has(subject)) {
        queue.push(subject);
        visit();
        continue;
      }
      const standIn = shapeWithout(node, values.get(subject), [...side.entries.values()]);
      if (!standIn) throw new CutlineError('SHAPE_UNKNOWN', { tensor: subject });
      replaced.set(i, standIn.nodes);
      for (const [name, t] of standIn.constants) constants.set(name, t);
      // The stand-in may read the batch of a tensor that nothing else here reads.
      for (const n of standIn.nodes) for (const name of n.inputs) if (side.entries.has(name)) entered.add(name);
    }
    const nodes = [...kept].sort((a, b) => a - b).flatMap((i) => replaced.get(i) ?? [graph.nodes[i]!]);
    return assemble(graph, side, nodes, entered, constants);
  };
}

function assemble(
  graph: Graph,
  side: Side,
  nodes: readonly Node[],
  entered: ReadonlySet<string>,
  constants: ReadonlyMap<string, Tensor>,
): Graph {
  const used = new Set([...nodes.flatMap(reads), ...side.outputs.map((v) => v.name)]);
  const made = new Set(nodes.flatMap((n) => n.outputs));
  const only = <T>(map: ReadonlyMap<string, T>, names: ReadonlySet<string>) =>
    new Map([...map].filter(([n]) => names.has(n)));
  const { sealed, ...rest } = graph;
  const kept = sealed && only(sealed, used);
  const outputs = new Set(side.outputs.map((v) => v.name));
  return {
    ...rest,
    name: side.name,
    inputs: [...side.entries.values()].filter((v) => entered.has(v.name)),
    outputs: side.outputs,
    nodes,
    initializers: new Map([...only(graph.initializers, used), ...constants]),
    values: new Map([...only(graph.values, made)].filter(([name]) => !outputs.has(name))),
    ...(kept && kept.size > 0 && { sealed: kept }),
  };
}
