/** The hardened network: the user's own, with a code at the cut. */
import {
  compose,
  float32,
  freshNames,
  type Graph,
  type GraphBuilder,
  namesOf,
  prune,
  renameReads,
  type Split,
  type Tensor,
} from '../../model/index.ts';
import { createRandom } from '../../random.ts';
import { Layers } from '../layers.ts';
import { type CoderSize, writeDecoder, writeEncoder } from './coder.ts';
import { rounded } from './rounding.ts';
import type { ChannelScale } from './scale.ts';
import type { CodeShape } from './shape.ts';

/** The cut of a hardened network. */
export const codeName = 'code';

/** What was trained, by name: a weight that head and tail both read may be another in each. */
export interface LearntWeights {
  readonly ofHead: ReadonlyMap<string, Tensor>;
  /** Encoder, decoder and tail. */
  readonly behind: ReadonlyMap<string, Tensor>;
}

export interface Coder {
  readonly code: CodeShape;
  readonly scale: ChannelScale;
  readonly size: CoderSize;
}

/**
 * @param parts of the user's network, with its own batch and opset
 * @throws Error where something that was trained has no place
 * @param channels of the code that are sent; the rest is nothing
 */
export function hardenedGraph(
  { head, tail }: Split,
  coder: Coder,
  { ofHead, behind }: LearntWeights,
  channels = coder.code.channels,
): Graph {
  const [entry] = tail.inputs;
  const decoded = `${entry!.name}:decoded`;
  const middle = coderGraph({ head, tail }, coder, decoded, channels);
  const renamed = new Map([[entry!.name, decoded]]);
  const end: Graph = {
    ...tail,
    inputs: [{ ...entry!, name: decoded }],
    nodes: tail.nodes.map((node) => renameReads(node, renamed)),
  };
  requirePlaces(head, ofHead);
  requirePlaces(
    { nodes: [...middle.nodes, ...end.nodes], initializers: new Map([...middle.initializers, ...end.initializers]) },
    behind,
  );
  const name = `${tail.name.replace(/-tail$/, '')}-hardened`;
  const whole = compose(
    compose(withTrained(head, ofHead), withTrained(middle, behind)),
    withTrained(end, behind),
    name,
  );
  return { ...whole, ...(head.metadata && { metadata: head.metadata }) };
}

/** From the activation, through the code, to what stands for it. */
function coderGraph({ head, tail }: Split, { code, scale, size }: Coder, decoded: string, channels: number): Graph {
  const [entry] = tail.inputs;
  // The weights are drawn to be replaced.
  const layers = new Layers(createRandom(0), tail.opsets);
  const b = layers.graph;
  for (const side of [head, tail]) for (const name of namesOf(side)) b.reserve(name);
  b.input(entry!.name, 'float32', entry!.shape);
  rounded(b, writeEncoder(layers, entry!.name, code, scale, size), code.levels, codeName);
  const sent = channels === code.channels ? codeName : b.op('Mul', [codeName, prefix(b, code, channels)]);
  b.op('Identity', [writeDecoder(layers, sent, code, scale, size)], {}, decoded);
  b.output(decoded, 'float32', entry!.shape);
  return { ...b.build('code'), irVersion: head.irVersion };
}

function requirePlaces(
  { nodes, initializers }: Pick<Graph, 'nodes' | 'initializers'>,
  weights: ReadonlyMap<string, Tensor>,
): void {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const lost = [...weights.keys()].filter((name) => !initializers.has(name) && !made.has(name));
  if (lost.length > 0) throw new Error(`what was trained has no place in the network: ${lost.join(', ')}`);
}

/** Where the network works a constant out, as the transpose of a weight, what was learnt stands in its place. */
function withTrained(graph: Graph, weights: ReadonlyMap<string, Tensor>): Graph {
  const made = new Set(graph.nodes.flatMap((node) => node.outputs));
  const own = new Map([...weights].filter(([name]) => graph.initializers.has(name) || made.has(name)));
  const initializers = new Map([...graph.initializers, ...own]);
  if (![...own.keys()].some((name) => made.has(name))) return { ...graph, initializers };
  const fresh = freshNames(graph);
  const aside = (name: string) => (own.has(name) ? fresh(name) : name);
  const nodes = graph.nodes.map((node) => ({ ...node, outputs: node.outputs.map(aside) }));
  return prune({ ...graph, nodes, initializers });
}

/** 1 for channels that are sent, [channels, 1, 1]. */
function prefix(b: GraphBuilder, { shape, channels: all }: CodeShape, channels: number): string {
  const data = Float32Array.from({ length: all }, (_, i) => (i < channels ? 1 : 0));
  return b.initializer(float32(data, [all, ...shape.slice(1).map(() => 1)]));
}
