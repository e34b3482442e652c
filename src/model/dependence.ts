/**
 * What a tensor depends on. `data`: the values of the inputs. `shape`: only the shapes of tensors, as the arithmetic
 * between Shape and Reshape that exporters write. `constant`: nothing. Only `data` is ever sent through a cut; the rest
 * is computed again on whichever side needs it.
 */
import { shapedByData } from './data-shaped.ts';
import { namesIn } from './dims/expression.ts';
import { symbolsOf } from './dims/symbols.ts';
import type { Graph, Node } from './graph.ts';
import { bodies, reads } from './reads.ts';

export type Dependence = 'constant' | 'shape' | 'data';

const random = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
]);

interface Trace {
  readonly kinds: Map<string, Dependence>;
  /** Tensors whose very shape depends on data; their Shape is data too. */
  readonly fluid: Set<string>;
}

/** The dependence of every tensor of the graph, by name. */
export function dependences(graph: Graph): Map<string, Dependence> {
  return trace(graph).kinds;
}

/** Names of tensors whose shape depends on data. What `values` knows the shape of is not among them. */
export function fluidTensors(graph: Graph): ReadonlySet<string> {
  return trace(graph).fluid;
}

function trace(graph: Graph): Trace {
  const known: Trace = { kinds: new Map(), fluid: new Set() };
  for (const v of graph.inputs) known.kinds.set(v.name, 'data');
  walk(graph, known, determined(graph));
  return known;
}

/** Is every dimension a number, or arithmetic over those of the inputs? */
function determined(graph: Graph): (name: string) => boolean {
  const { names, meaning } = symbolsOf(graph);
  const values = new Map([...graph.outputs.map((v) => [v.name, v] as const), ...graph.values]);
  return (name) => {
    const v = values.get(name);
    if (!v || v.unknown) return false;
    return v.shape.every(
      (d) => typeof d === 'number' || (d !== '' && [...namesIn(meaning(d))].every((n) => names.has(n))),
    );
  };
}

function walk(graph: Graph, known: Trace, isDetermined: (name: string) => boolean): void {
  const { kinds, fluid } = known;
  for (const name of [...graph.initializers.keys(), ...(graph.sealed?.keys() ?? [])]) kinds.set(name, 'constant');
  for (const node of graph.nodes) {
    const names = reads(node);
    const isFluid = names.some((i) => fluid.has(i)) || isDataShaped(node, known);
    const kind = dependenceOf(node, names, kinds, isFluid);
    for (const o of node.outputs) {
      if (!o) continue;
      kinds.set(o, kind);
      if (isFluid && !isDetermined(o)) fluid.add(o);
      else fluid.delete(o);
    }
  }
}

function dependenceOf(
  node: Node,
  names: readonly string[],
  found: ReadonlyMap<string, Dependence>,
  isFluid: boolean,
): Dependence {
  const kinds = names.map((i) => found.get(i) ?? 'data');
  if (isShapeOf(node) && !isFluid) return kinds[0] === 'constant' ? 'constant' : 'shape';
  if (kinds.includes('data') || drawsAtRandom(node)) return 'data';
  return kinds.includes('shape') ? 'shape' : 'constant';
}

/** Does the node read nothing of its input but the shape? */
export function isShapeOf(node: Node): boolean {
  return (node.op === 'Shape' || node.op === 'Size') && node.domain === '';
}

function isDataShaped(node: Node, known: Trace): boolean {
  const kindOf = (name: string | undefined): Dependence => (name ? (known.kinds.get(name) ?? 'data') : 'constant');
  if (bodies(node).length === 0) return shapedByData(node, (name) => kindOf(name) === 'data');
  const [first, second] = node.inputs;
  switch (node.op) {
    case 'If':
      return kindOf(first) === 'data' || bodies(node).some((body) => makesFluid(body, known, []));
    case 'Loop': {
      const [body] = bodies(node);
      return (
        kindOf(first) === 'data' ||
        loopIsDataShaped(body!, known, [kindOf(second), ...node.inputs.slice(2).map(kindOf)])
      );
    }
    case 'Scan':
    case 'SequenceMap':
      return bodies(node).some((body) =>
        makesFluid(
          body,
          known,
          body.inputs.map(() => 'data'),
        ),
      );
    default:
      return true;
  }
}

/** Does a body of which the inputs depend on this make tensors whose shapes depend on data? */
function makesFluid(body: Graph, outer: Trace, inputs: readonly Dependence[]): boolean {
  const inside = bodyTrace(body, outer, inputs);
  return body.outputs.some((o) => inside.fluid.has(o.name));
}

function bodyTrace(body: Graph, outer: Trace, inputs: readonly Dependence[]): Trace {
  const inside: Trace = { kinds: new Map(outer.kinds), fluid: new Set(outer.fluid) };
  body.inputs.forEach((v, i) => {
    inside.kinds.set(v.name, inputs[i] ?? 'data');
    inside.fluid.delete(v.name);
  });
  walk(body, inside, () => false);
  return inside;
}

const order: readonly Dependence[] = ['constant', 'shape', 'data'];
const worse = (a: Dependence, b: Dependence): Dependence => (order.indexOf(a) >= order.indexOf(b) ? a : b);

/**
 * Is it data that says how often a Loop goes round, or how large what it makes is? What it carries from one round to the
 * next depends on what the rounds before depended on.
 * @param carried the condition, and the variables: what each depends on at the start
 */
function loopIsDataShaped(body: Graph, outer: Trace, carried: readonly Dependence[]): boolean {
  let state = carried;
  for (;;) {
    // The number of the round comes first.
    const inside = bodyTrace(body, outer, ['shape', ...state]);
    const next = state.map((kind, i) => worse(kind, inside.kinds.get(body.outputs[i]?.name ?? '') ?? 'constant'));
    if (next[0] === 'data' || body.outputs.some((o) => inside.fluid.has(o.name))) return true;
    if (next.every((kind, i) => kind === state[i])) return false;
    state = next;
  }
}

function drawsAtRandom(node: Node): boolean {
  return random.has(node.op) || bodies(node).some((b) => b.nodes.some(drawsAtRandom));
}
