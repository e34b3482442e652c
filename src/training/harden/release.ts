/** The hardened network: the user's own, with a code at the cut. */
import { float32, type Graph, GraphBuilder, type Split, type Tensor } from '../../model/index.ts';
import { createRandom } from '../../random.ts';
import { Layers } from '../layers.ts';
import { type ChannelScale, type CoderSize, writeDecoder, writeEncoder } from './coder.ts';
import { decodedName, writeTail } from './network.ts';
import { rounded } from './rounding.ts';
import type { CodeShape } from './shape.ts';

/** The cut of a hardened network. */
export const codeName = 'code';

/**
 * @param parts of the user's network, with its own batch and opset
 * @param weights what was trained, by name
 * @param channels of the code that are sent; the rest is nothing
 */
export function hardenedGraph(
  { head, tail }: Split,
  { code, scale, size }: { readonly code: CodeShape; readonly scale: ChannelScale; readonly size: CoderSize },
  weights: ReadonlyMap<string, Tensor>,
  channels = code.channels,
): Graph {
  const [entry] = tail.inputs;
  // The weights are drawn to be replaced.
  const layers = new Layers(createRandom(0), tail.opsets);
  const b = layers.graph;
  b.reserve(entry!.name);
  const bounded = writeEncoder(layers, entry!.name, code, scale, size);
  rounded(b, bounded, code.levels, codeName);
  const sent = channels === code.channels ? codeName : b.op('Mul', [codeName, prefix(b, code, channels)]);
  const decoded = writeDecoder(layers, sent, code, scale, size);
  const renamed = decodedName(entry!.name);
  b.op('Identity', [decoded], {}, renamed);
  const coder = b.build('code');
  const whole = GraphBuilder.from({ ...head, outputs: [] });
  for (const [name, tensor] of coder.initializers) whole.initializer(tensor, name);
  for (const node of coder.nodes) whole.node(node);
  writeTail(whole, tail, new Map([[entry!.name, renamed]]));
  for (const { name, dtype, shape } of tail.outputs) whole.output(name, dtype, shape);
  const built = whole.build(`${tail.name.replace(/-tail$/, '')}-hardened`);
  const trained = [...weights].filter(([name]) => built.initializers.has(name));
  return { ...built, irVersion: head.irVersion, initializers: new Map([...built.initializers, ...trained]) };
}

/** 1 for channels that are sent, [channels, 1, 1]. */
function prefix(b: GraphBuilder, { shape, channels: all }: CodeShape, channels: number): string {
  const data = Float32Array.from({ length: all }, (_, i) => (i < channels ? 1 : 0));
  return b.initializer(float32(data, [all, ...shape.slice(1).map(() => 1)]));
}
