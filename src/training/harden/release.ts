/** The hardened network: the user's own, with a code at the cut. */
import {
  compose,
  float32,
  type Graph,
  type GraphBuilder,
  namesOf,
  renameReads,
  type Split,
  type Tensor,
} from '../../model/index.ts';
import { createRandom } from '../../random.ts';
import { Layers } from '../layers.ts';
import { type ChannelScale, type CoderSize, writeDecoder, writeEncoder } from './coder.ts';
import { rounded } from './rounding.ts';
import type { CodeShape } from './shape.ts';

/** The cut of a hardened network. */
export const codeName = 'code';

export interface Coder {
  readonly code: CodeShape;
  readonly scale: ChannelScale;
  readonly size: CoderSize;
}

/**
 * Of weights that head and tail both read, those that were trained are the tail's alone: the head goes on with its own.
 * @param parts of the user's network, with its own batch and opset
 * @param weights what was trained, by name
 * @param channels of the code that are sent; the rest is nothing
 */
export function hardenedGraph(
  { head, tail }: Split,
  coder: Coder,
  weights: ReadonlyMap<string, Tensor>,
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
  const ofHead = new Map([...weights].filter(([name]) => !tail.initializers.has(name)));
  const name = `${tail.name.replace(/-tail$/, '')}-hardened`;
  const whole = compose(
    compose(withTrained(head, ofHead), withTrained(middle, weights)),
    withTrained(end, weights),
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

const withTrained = (graph: Graph, weights: ReadonlyMap<string, Tensor>): Graph => ({
  ...graph,
  initializers: new Map([...graph.initializers].map(([name, t]) => [name, weights.get(name) ?? t])),
});

/** 1 for channels that are sent, [channels, 1, 1]. */
function prefix(b: GraphBuilder, { shape, channels: all }: CodeShape, channels: number): string {
  const data = Float32Array.from({ length: all }, (_, i) => (i < channels ? 1 : 0));
  return b.initializer(float32(data, [all, ...shape.slice(1).map(() => 1)]));
}
