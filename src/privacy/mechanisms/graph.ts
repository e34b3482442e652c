/** A head followed by its mechanism, as one graph: what an attacker who knows the mechanism descends through. */
import { GraphBuilder } from '../../model/builder.ts';
import type { Graph, ValueInfo } from '../../model/graph.ts';
import type { Mechanism } from './mechanism.ts';
import type { Draw, GraphPart } from './stage.ts';

export interface DefendedGraph {
  readonly graph: Graph;
  /** Inputs that are fed with draws at unit scale; none where `noise` was not asked for. */
  readonly draws: readonly { readonly name: string; readonly draw: Draw; readonly shape: readonly number[] }[];
}

export interface DefendedOptions {
  /** Noise is an input of the graph, or only that on the picture; else the draw that changes nothing. */
  readonly noise?: boolean | 'input';
  /** Leaves rounding out. */
  readonly relaxed?: boolean;
  /** Leaves out all that has a slack. */
  readonly open?: boolean;
}

/**
 * The graph keeps the names of the head's input and outputs. Inputs of the head other than the picture are not touched.
 * @param head one picture input; the shapes of inputs and outputs are numbers
 */
export function defendedHead(head: Graph, mechanism: Mechanism, options: DefendedOptions = {}): DefendedGraph {
  if (mechanism.stages.length === 0) return { graph: head, draws: [] };
  const draws: DefendedGraph['draws'][number][] = [];
  const before = mechanism.stages.filter((s) => s.place === 'input');
  const after = mechanism.stages.filter((s) => s.place === 'activation');
  const picture = head.inputs[0]!;
  const inner = new Map<string, string>();
  const b = new GraphBuilder(head.opsets);
  for (const v of head.inputs) b.input(v.name, v.dtype, v.shape);
  for (const [name, t] of head.initializers) b.initializer(t, name);
  for (const node of head.nodes) for (const y of node.outputs) if (y) b.reserve(y);
  const noise = options.noise
    ? (shape: readonly number[], draw: Draw) => {
        const name = b.input(b.fresh('noise'), 'float32', shape);
        draws.push({ name, draw, shape });
        return name;
      }
    : undefined;
  const { relaxed, open } = options;
  const run = (stages: Mechanism['stages'], parts: readonly GraphPart[]): readonly GraphPart[] =>
    stages.reduce((now, { place, stage }) => {
      const drawn = options.noise === 'input' && place !== 'input' ? undefined : noise;
      const terms = stage.graph(b, now, { noise: drawn, relaxed, open });
      return now.map((part, i) => ({ ...part, term: terms[i]! }));
    }, parts);
  const [entering] = run(before, [{ term: picture.name, shape: fixed(picture) }]);
  if (entering!.term !== picture.name) inner.set(picture.name, entering!.term);
  // What the head makes gets other names, so that the released tensors can have those of the cut.
  for (const v of head.outputs) if (after.length > 0) inner.set(v.name, b.fresh(`${v.name}:before`));
  const renamed = (name: string) => inner.get(name) ?? name;
  for (const node of head.nodes) {
    b.node({ ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) });
  }
  const passed = head.outputs.filter((v) => !head.nodes.some((n) => n.outputs.includes(v.name)));
  for (const v of passed) if (after.length > 0) b.op('Identity', [entering!.term], {}, inner.get(v.name)!);
  const released = run(
    after,
    head.outputs.map((v) => ({ term: renamed(v.name), shape: fixed(v) })),
  );
  for (const [i, v] of head.outputs.entries()) {
    if (after.length > 0) b.op('Identity', [released[i]!.term], {}, v.name);
    b.output(v.name, v.dtype, v.shape);
  }
  return { graph: b.build(head.name), draws };
}

function fixed(v: ValueInfo): readonly number[] {
  if (!v.shape.every((d) => typeof d === 'number')) throw new TypeError(`the shape of ${v.name} is not fixed`);
  return v.shape;
}
