/** RNN, LSTM and GRU written out step by step in plain operators, which have gradient rules. */
import { CutlineError } from '../../errors.ts';
import { GraphBuilder } from '../../model/builder.ts';
import { attrFloat, attrInt, attrString, type Graph, type Node, nodeLabel, type ValueInfo } from '../../model/graph.ts';
import { requireRoom } from '../../model/memory.ts';
import { asNumbers, isFloat, type Tensor } from '../../model/tensor.ts';
import { allValues } from '../../model/values.ts';
import { type Activation, activationsOf } from './activations.ts';
import { cells, type State, type Weights } from './cells.ts';
import { equalLengths, givenLengths, type Lengths } from './lengths.ts';
import { Plain, type Shaped } from './plain.ts';

export const recurrent: readonly string[] = Object.keys(cells);

/**
 * @param graph shapes known, opset 13 or newer
 * @returns the graph without recurrent nodes, but for those with settings that are not written out (the batch first, which
 * onnxruntime does not run either, and activations it does not know): these stay, and have no gradient rule.
 */
export function unrollRecurrent(graph: Graph): Graph {
  if (!graph.nodes.some((n) => writable(n))) return graph;
  const b = GraphBuilder.from({ ...graph, nodes: [] });
  for (const node of graph.nodes) for (const y of node.outputs) if (y) b.reserve(y);
  const values = new Map(graph.values);
  const dtypes = allValues(graph);
  for (const node of graph.nodes) {
    const dtype = dtypes.get(node.inputs[0] ?? '')?.dtype;
    if (writable(node)) unroll(node, graph, new Plain(b, values, dtype && isFloat(dtype) ? dtype : 'float32'));
    else b.node(node);
  }
  return { ...b.build(graph.name), outputs: graph.outputs, values };
}

function writable(node: Node): boolean {
  if (node.domain !== '' || !Object.hasOwn(cells, node.op) || attrInt(node, 'layout', 0) !== 0) return false;
  return activationsOf(node, defaultsOf(node)) !== undefined;
}

const directionsOf = (node: Node): number => (attrString(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1);

/** Three for LSTM, two for GRU, one for RNN, for each direction. */
const defaultsOf = (node: Node): string[] =>
  Array.from({ length: directionsOf(node) }, () => cells[node.op]!.defaults).flat();

/** The lengths of the sequences, unless all are known to be `steps`. */
function lengthsOf(node: Node, graph: Graph, p: Plain, steps: number): Lengths {
  const term = node.inputs[4];
  if (!term) return equalLengths;
  const known = graph.initializers.get(term);
  if (known && asNumbers(known).every((n) => n === steps)) return equalLengths;
  return givenLengths(p, { term, shape: shapeOf(graph, term) });
}

function shapeOf(graph: Graph, name: string): readonly number[] {
  const known: ValueInfo | Tensor | undefined =
    graph.initializers.get(name) ?? graph.values.get(name) ?? graph.inputs.find((v) => v.name === name);
  return (known?.shape ?? []).map(Number);
}

/** A step of an LSTM is some twenty nodes, which are objects here, bytes in a file, and objects of the runtime. */
const bytesOfStep = 20_000;

/** X [steps, batch, width], W [directions, gates·hidden, width], R, B, lengths, h₀, c₀, P → Y, Y_h, Y_c. */
function unroll(node: Node, graph: Graph, p: Plain): void {
  const input = (i: number): Shaped | undefined => {
    const term = node.inputs[i];
    return term ? { term, shape: shapeOf(graph, term) } : undefined;
  };
  const x = input(0)!;
  const [steps, batch] = x.shape as [number, number];
  const count = directionsOf(node);
  requireShapes(node, x.shape, input);
  requireRoom(node, bytesOfStep * steps * count);
  const { step, defaults } = cells[node.op]!;
  const activations = activationsOf(node, defaultsOf(node))!;
  const lengths = lengthsOf(node, graph, p, steps);
  const made = Array.from({ length: count }, (_, d) => {
    const backwards = d === 1 || attrString(node, 'direction', 'forward') === 'reverse';
    const { gates, weights, hidden } = direction(node, p, input, d, activations.slice(d * defaults.length));
    const initial = (i: number): Shaped => {
      const given = input(i);
      return given ? p.reshape(p.at(given, d), [1, batch, hidden]) : p.zeros([1, batch, hidden]);
    };
    let state: State = { h: initial(5), ...(node.op === 'LSTM' && { c: initial(6) }) };
    const parts = steps === 1 ? [gates] : p.split(gates, steps, 0);
    const order = Array.from({ length: steps }, (_, t) => (backwards ? steps - 1 - t : t));
    const states = new Array<Shaped>(steps);
    for (const t of order) {
      state = lengths.advance(step(p, weights, parts[t]!, state), state, t);
      states[t] = lengths.output(state.h, t);
    }
    return { states, last: state, hidden };
  });
  const hidden = made[0]!.hidden;
  const [y, lastH, lastC] = node.outputs;
  const named = (parts: readonly Shaped[], output: string) => p.concat(parts, 0, output);
  if (y) {
    const each = made.map((m) => p.reshape(p.concat(m.states, 0), [steps, 1, batch, hidden]));
    p.concat(each, 1, y);
  }
  if (lastH)
    named(
      made.map((m) => m.last.h),
      lastH,
    );
  if (lastC)
    named(
      made.map((m) => m.last.c!),
      lastC,
    );
}

/**
 * Runtimes find only when they run that an operand has another shape.
 * @throws CutlineError ENGINE_RUN naming node and operand
 */
function requireShapes(
  node: Node,
  [steps, batch, width]: readonly number[],
  input: (i: number) => Shaped | undefined,
): void {
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[node.op]!;
  const count = directionsOf(node);
  const hidden = attrInt(node, 'hidden_size') ?? input(2)?.shape[2] ?? 0;
  const state = [count, batch, hidden];
  const wanted: readonly (readonly [operand: string, shape: readonly (number | undefined)[]])[] = [
    ['X', [steps, batch, width]],
    ['W', [count, gates * hidden, width]],
    ['R', [count, gates * hidden, hidden]],
    ['B', [count, 2 * gates * hidden]],
    ['sequence_lens', [batch]],
    ['initial_h', state],
    ['initial_c', state],
    ['P', [count, 3 * hidden]],
  ];
  for (const [i, [operand, shape]] of wanted.entries()) {
    const given = input(i)?.shape;
    if (!given || (given.length === shape.length && given.every((n, d) => n === shape[d]))) continue;
    const problem = `node ${nodeLabel(node)} (${node.op}) takes ${operand} [${shape.map((n) => n ?? '?')}], not [${given}]`;
    throw new CutlineError('ENGINE_RUN', { problem });
  }
}

/** The weights of a direction, and the input's part of all gates: X Wᵀ + b, [steps, batch, gates·hidden]. */
function direction(
  node: Node,
  p: Plain,
  input: (i: number) => Shaped | undefined,
  d: number,
  activations: readonly Activation[],
): { readonly gates: Shaped; readonly weights: Weights; readonly hidden: number } {
  const w = p.at(input(1)!, d);
  const r = p.at(input(2)!, d);
  const bias = input(3);
  const peepholes = node.op === 'LSTM' ? input(7) : undefined;
  let gates = p.matmul(input(0)!, p.transpose(w));
  let recurrentBias: Shaped | undefined;
  if (bias) {
    const [ofInput, ofRecurrence] = p.split(p.at(bias, d), 2, 0) as readonly [Shaped, Shaped];
    // A GRU multiplies part of the recurrence, bias included, by its reset gate.
    if (node.op === 'GRU') recurrentBias = ofRecurrence;
    gates = p.same('Add', gates, node.op === 'GRU' ? ofInput : p.same('Add', ofInput, ofRecurrence));
  }
  const weights: Weights = {
    recurrent: p.transpose(r),
    ...(recurrentBias && { recurrentBias }),
    ...(peepholes && { peepholes: p.at(peepholes, d) }),
    activations,
    clip: attrFloat(node, 'clip', Number.POSITIVE_INFINITY),
    linearBeforeReset: attrInt(node, 'linear_before_reset', 0) !== 0,
    inputForget: attrInt(node, 'input_forget', 0) !== 0,
  };
  return { gates, weights, hidden: r.shape[1]! };
}
