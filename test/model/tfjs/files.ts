/** Writes model.json and its weights as TensorFlow.js's converter does. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sizeOf } from '../../../src/model/tensor.ts';

export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export const float = (name: string, shape: readonly number[], seed = name.length, low = -0.5, high = 0.5): Weight => ({
  name,
  shape,
  data: Float32Array.from(
    { length: sizeOf(shape) },
    (_, i) => low + ((high - low) * (Math.sin(i * 12.9898 + seed) + 1)) / 2,
  ),
});

export const ints = (name: string, values: readonly number[], shape: readonly number[] = [values.length]): Weight => ({
  name,
  shape,
  data: Int32Array.from(values),
});

/** @returns the path of model.json in a fresh folder */
export function writeModel(topology: unknown, weights: readonly Weight[], more: object = {}, shards = 1): string {
  const folder = mkdtempSync(join(tmpdir(), 'cutline-tfjs-'));
  const bytes = Buffer.concat(weights.map((w) => Buffer.from(w.data.buffer, w.data.byteOffset, w.data.byteLength)));
  // Tensors run on from one file to the next.
  const each = Math.ceil(bytes.length / shards) || 1;
  const paths = Array.from({ length: shards }, (_, i) => `group1-shard${i + 1}of${shards}.bin`);
  paths.forEach((p, i) => {
    writeFileSync(join(folder, p), bytes.subarray(i * each, (i + 1) * each));
  });
  const specs = weights.map(({ name, shape, data }) => ({
    name,
    shape,
    dtype: data instanceof Float32Array ? 'float32' : 'int32',
  }));
  const json = { format: 'x', modelTopology: topology, weightsManifest: [{ paths, weights: specs }], ...more };
  writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
  return join(folder, 'model.json');
}

export interface LayerSpec {
  readonly type: string;
  readonly config?: object;
  /** By Keras name. */
  readonly weights?: Readonly<Record<string, readonly number[]>>;
}

/** A Sequential model; layers are called L0, L1, …. */
export function writeSequential(input: readonly number[], specs: readonly LayerSpec[], shards = 1): string {
  const layers = specs.map(({ type, config }, i) => ({
    class_name: type,
    config: { name: `L${i}`, ...(i === 0 && { batch_input_shape: [null, ...input] }), ...config },
  }));
  const weights = specs.flatMap(({ weights = {} }, i) =>
    Object.entries(weights).map(([name, shape]) => weightOf(`L${i}/${name}`, shape)),
  );
  return writeModel({ model_config: { class_name: 'Sequential', config: { name: 's', layers } } }, weights, {}, shards);
}

/** Variances are positive. */
export const weightOf = (name: string, shape: readonly number[]): Weight =>
  name.endsWith('variance') ? float(name, shape, 3, 0.5, 1.5) : float(name, shape);
