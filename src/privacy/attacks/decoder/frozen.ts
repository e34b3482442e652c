/** Values of a decoder that training must leave alone. */
import { float32, type Graph } from '../../../model/index.ts';
import type { Layers } from '../../../training/index.ts';

const prefix = 'frozen:';

/** The mean picture, which a decoder adds to all it makes. */
export const meanPicture = 'picture.mean';

export const frozenName = (name: string): string => prefix + name;

export function frozen(layers: Layers, name: string, data: ArrayLike<number>, shape: readonly number[]): string {
  return layers.graph.initializer(float32(Float32Array.from(data), shape), frozenName(name));
}

/** Everything that is not a weight, and the straight path, which is solved for: a training would only shake it. */
export function frozenOf(graph: Graph): ReadonlySet<string> {
  return new Set([...graph.initializers.keys()].filter((name) => !/^(?!straight\.).*\.(weight|bias)$/.test(name)));
}
