/** Values of a decoder that training must leave alone. */
import { float32, type Graph } from '../../../model/index.ts';
import type { Layers } from '../../../training/index.ts';

const prefix = 'frozen:';

export function frozen(layers: Layers, name: string, data: ArrayLike<number>, shape: readonly number[]): string {
  return layers.graph.initializer(float32(Float32Array.from(data), shape), prefix + name);
}

/** Everything that is not a weight: what `frozen` wrote, and constants that the builder named. */
export function frozenOf(graph: Graph): ReadonlySet<string> {
  return new Set([...graph.initializers.keys()].filter((name) => !/^(?!straight\.).*\.(weight|bias)$/.test(name)));
}
